import type { Issue, Item, Payout } from './contract.js';

/** The members that an edit changes (RFC 7396: null removes); null where a person has to look. */
type Patch = Record<string, unknown>;
type Mend = (item: Item) => Patch | null;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const method = (change: (method: Item['payout_method']) => Patch): Mend => {
  return ({ payout_method }) => ({ payout_method: change(payout_method) });
};

/** Inherit the payday of the bulk. */
const onPayday: Mend = () => ({ scheduled_date: null });
const withoutSpaces = (value: string | undefined): string => (value ?? '').replaceAll(' ', '');

/**
 * What a program can put right by itself, because what was meant is beyond doubt. An IBAN with wrong check digits is not
 * here: somebody has to ask the receiver.
 */
const MENDS: Readonly<Record<string, Mend>> = {
  'amount_not_a_string /amount': ({ amount }) => ({ amount: String(amount) }),
  'invalid_amount /amount': ({ amount }) => ({ amount: text(amount).replaceAll(',', '') }),
  'too_many_decimals /amount': ({ amount }) => ({ amount: text(amount).replace(/\.?0+$/, '') }),
  'unknown_currency /currency': ({ currency }) => ({ currency: text(currency).toUpperCase() }),
  'invalid_date /scheduled_date': onPayday,
  'scheduled_date_in_past /scheduled_date': onPayday,
  'scheduled_date_too_far /scheduled_date': onPayday,
  'unknown_timezone /timezone': () => ({ timezone: null }),
  'unknown_method_type /payout_method/type': method((given) => ({ ...given, type: 'bank_account' })),
  'invalid_iban /payout_method/iban': ({ payout_method: { iban } }) =>
    iban?.includes(' ') === true ? { payout_method: { iban: withoutSpaces(iban).toUpperCase() } } : null,
  'invalid_bic /payout_method/bic': method(() => ({ bic: null })),
  'invalid_sort_code /payout_method/sort_code': method(({ sort_code }) => ({ sort_code: withoutSpaces(sort_code) })),
  'invalid_account_number /payout_method/account_number': method(({ account_number = '' }) => ({
    account_number: account_number.padStart(8, '0'),
  })),
  'invalid_phone_number /payout_method/phone_number': method(({ phone_number }) => ({
    phone_number: withoutSpaces(phone_number).replace(/^00/, '+'),
  })),
  'missing_field /payout_method/account_holder': ({ billing_data: { first_name, last_name } }) => ({
    payout_method: { account_holder: `${first_name} ${last_name}` },
  }),
  'invalid_characters /payout_method/account_holder': method(({ account_holder = '' }) => ({
    account_holder: account_holder.replaceAll('\t', ' '),
  })),
  'invalid_email /billing_data/email': () => ({ billing_data: { email: null } }),
  'invalid_country /billing_data/address/country': () => ({ billing_data: { address: { country: null } } }),
  'unknown_field /note': () => ({ note: null }),
};

/** The entry of an edit that puts everything right, or null where one of the findings needs a person. */
export function mend(item: Item, issues: readonly Issue[]): (Patch & { reference: string }) | null {
  let change: Patch = {};
  for (const { code, pointer } of issues) {
    const patch = MENDS[`${code} ${pointer}`]?.(item) ?? null;
    if (patch === null) return null;
    change = merge(change, patch);
  }
  return { reference: item.reference, ...change };
}

function merge(into: Patch, patch: Patch): Patch {
  const merged = { ...into };
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name];
    merged[name] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}

const isObject = (value: unknown): value is Patch => typeof value === 'object' && value !== null;

/** How often each finding was made, the most frequent first. */
export function findings(payouts: readonly Payout[]): [finding: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { code, pointer } of payouts.flatMap(({ issues }) => issues)) {
    const finding = `${code} ${pointer}`;
    counts.set(finding, (counts.get(finding) ?? 0) + 1);
  }
  return [...counts].sort(([a, many], [b, few]) => few - many || a.localeCompare(b));
}
