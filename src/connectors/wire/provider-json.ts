import { isObject, type JsonMembers, membersOf } from '../../platform/json/index.js';
import { parseAmount } from '../../platform/money/index.js';
import { cutToStorable } from '../account-data.js';

export { isObject, membersOf, type JsonMembers };

/** An id is stored, indexed and shown; no provider's is near this. */
const ID_LENGTH_MAX = 255;

/** The objects of a list; what is no object, or no list, says nothing. */
export const objectsOf = (value: unknown): JsonMembers[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** The object that a body is, or null. */
export function jsonObjectOf(body: string | null): JsonMembers | null {
  if (body === null) return null;
  try {
    return membersOf(JSON.parse(body));
  } catch {
    return null;
  }
}

/** A text that is not empty and can be shown as it is. */
export const isPlainText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && !/[\p{Cc}\p{Cs}]/u.test(value);

/** What a provider may call a payment. */
export const isPaymentId = (value: unknown): value is string => isPlainText(value) && value.length <= ID_LENGTH_MAX;

/**
 * The amount in canonical form, and the currency, as the provider repeats them: to be held against ours. An amount that has no
 * canonical form is kept as it is, and will differ.
 */
export function moneyOf(
  amount: unknown,
  currency: unknown,
): { readonly amount: string | null; readonly currency: string | null } {
  const repeated = { amount: textOf(amount), currency: textOf(currency) };
  if (repeated.amount === null || repeated.currency === null) return repeated;
  const parsed = parseAmount(repeated.amount, repeated.currency);
  return 'canonical' in parsed ? { ...repeated, amount: parsed.canonical } : repeated;
}

/** As text: a number against the protocol is kept to be compared, never dropped. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return cutToStorable(typeof value === 'string' ? value : JSON.stringify(value));
}
