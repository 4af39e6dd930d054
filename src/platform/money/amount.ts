import { decimalsOf, isPayableCurrency } from './currencies.js';

/** An amount as it is computed with and as it is shown. */
export interface Amount {
  /** Integer minor units. */
  readonly minor: bigint;
  /** All decimals of the currency, no leading zeros: `120.50`. */
  readonly canonical: string;
}

export type AmountFault = 'invalid_amount' | 'too_many_decimals' | 'unknown_currency';

/** Fifteen digits before the point and at most three after it stay below 2^63, the bigint of PostgreSQL. */
const FORM = /^(\d{1,15})(?:\.(\d+))?$/;
/** Enough for the sum of the largest bulk, and few enough that nobody sends digits without end. */
const SUM_FORM = /^(\d{1,20})(?:\.(\d+))?$/;

/** Whether the text has the form of an amount, whatever the currency. */
export const hasAmountForm = (text: string): boolean => FORM.test(text);

/** Reads a decimal string exactly; zero is an amount. Trailing zeros count as decimals: `1.500` has too many for EUR. */
export const parseAmount = (text: string, currency: string): Amount | { readonly fault: AmountFault } =>
  parse(FORM.exec(text), currency);

/** The same of what the payouts of a bulk sum up to, which may have more digits than one of them. */
export const parseSum = (text: string, currency: string): Amount | { readonly fault: AmountFault } =>
  parse(SUM_FORM.exec(text), currency);

function parse(match: RegExpExecArray | null, currency: string): Amount | { readonly fault: AmountFault } {
  if (match === null) return { fault: 'invalid_amount' };
  const places = decimalsOf(currency);
  if (places === undefined || !isPayableCurrency(currency)) return { fault: 'unknown_currency' };
  const [, whole = '', fraction = ''] = match;
  if (fraction.length > places) return { fault: 'too_many_decimals' };
  const minor = BigInt(whole + fraction.padEnd(places, '0'));
  return { minor, canonical: formatAmount(minor, currency) };
}

/**
 * The canonical decimal string of minor units.
 * @throws where the currency has no decimals on record: such an amount can not have been stored.
 */
export function formatAmount(minor: bigint, currency: string): string {
  const places = decimalsOf(currency);
  if (places === undefined) throw new Error(`"${currency}" is no currency that amounts are stored in`);
  if (places === 0) return minor.toString();
  const digits = (minor < 0n ? -minor : minor).toString().padStart(places + 1, '0');
  const point = digits.length - places;
  return `${minor < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}
