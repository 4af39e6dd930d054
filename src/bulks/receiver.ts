import type { JsonObject, PayoutContent } from './payout-content.js';

/** By type of method: members that say where the money goes. A name, or what only names a bank, says nothing of that. */
const ACCOUNT_MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['bank_account', ['routing_number', 'sort_code', 'country', 'bank_code', 'account_number']],
  ['mobile_wallet', ['provider', 'phone_number']],
  ['card', ['token']],
  ['paypal', ['email', 'phone_number', 'paypal_id']],
  ['wallet', ['account_id']],
]);
/** Theirs are names that somebody drew, in which case and signs count; everything else people write as they like. */
const EXACT_MEMBERS = new Set(['token', 'account_id', 'paypal_id']);

/**
 * Where the money goes, in one writing, as a text to make a keyed hash of: two holders' names at one IBAN are one receiver, one
 * person with two accounts is two. Null where the content says of nobody in particular.
 */
export function accountOf(method: JsonObject): string | null {
  const { type } = method;
  if (typeof type !== 'string') return null;
  const members = typeof method['iban'] === 'string' ? ['iban'] : (ACCOUNT_MEMBERS.get(type) ?? []);
  const parts = members.flatMap((member) => {
    const value = method[member];
    return typeof value === 'string' && value !== '' ? [`${member}=${inOneWriting(member, value)}`] : [];
  });
  return parts.length === 0 ? null : [type, ...parts].join('|');
}

/** Whom nothing but a phone is known of, by its number with the country's; as a text of the same kind, which no account has. */
export const phoneTextOf = (phone: string): string => `phone|${inOneWriting('phone_number', phone)}`;

/** What the receiver's keyed hash is made of. A payout without a readable account is its own receiver; null: nothing personal. */
export function receiverTextOf(
  payoutId: string,
  { payout_method, billing_data }: Pick<PayoutContent, 'payout_method' | 'billing_data'>,
): string | null {
  if (payout_method === null && billing_data === null) return null;
  return (payout_method === null ? null : accountOf(payout_method)) ?? `payout|${payoutId}`;
}

function inOneWriting(member: string, value: string): string {
  if (EXACT_MEMBERS.has(member)) return value.trim();
  // Two e-mails that differ by a dot are two.
  return (member === 'email' ? value.trim() : value.replaceAll(/[\s().-]/g, '')).toLowerCase();
}
