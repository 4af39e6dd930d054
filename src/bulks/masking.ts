import type { JsonObject } from './payout-content.js';

/** Stands for what is not shown. In no account number, and easily told from a real value that is sent back. */
export const MASK = '••••';

const SHOWN_CHARACTERS = 4;

/** Members of `payout_method` that say where the money goes. Names and what only names a bank stay readable. */
const ACCOUNT_FIELDS = new Set(['iban', 'account_number', 'phone_number', 'token', 'email', 'paypal_id', 'account_id']);

/** The last four characters behind the mask (`••••3000`), of an e-mail its domain; nothing of what has four or less. A handle (`@ada`) is no e-mail. */
export function maskAccount(value: string): string {
  const at = value.lastIndexOf('@');
  if (at > 0) return MASK + value.slice(at);
  const characters = Array.from(value.replaceAll(/[\s-]/g, ''));
  return characters.length <= SHOWN_CHARACTERS ? MASK : MASK + characters.slice(-SHOWN_CHARACTERS).join('');
}

/** One member of `payout_method` as an answer shows it. */
export const maskMethodField = (field: string, value: string): string => (ACCOUNT_FIELDS.has(field) ? maskAccount(value) : value);

/** The payout method as an answer shows it. */
export const maskPayoutMethod = (method: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(method).map(([field, value]) => [field, typeof value === 'string' ? maskMethodField(field, value) : value]),
  );

/** Whether a member of `payout_method` holds what an answer showed instead of the value; stars are the mask of other systems. */
export const isMasked = (field: string, value: string): boolean => ACCOUNT_FIELDS.has(field) && /[•●]|\*{2}/.test(value);
