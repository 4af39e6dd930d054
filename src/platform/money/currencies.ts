import { data as iso4217 } from 'currency-codes';

/**
 * Entries of ISO 4217 in which nobody has an account: precious metals, bond market units, SDR and other units of account,
 * fund codes (amendments of 2025 included), the codes for testing and for no currency.
 */
const NOT_PAYABLE = new Set([
  ...['XAG', 'XAU', 'XPD', 'XPT', 'XBA', 'XBB', 'XBC', 'XBD', 'XAD', 'XDR', 'XSU', 'XUA', 'XTS', 'XXX'],
  ...['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'UYI', 'UYW'],
]);

/**
 * Left the list after the data of the package (2024-06-25) or stand in it too long: BGN (euro since 2026-01-01), ANG (XCG
 * since 2025-03-31), CUC (since 2021-01-01). Nothing new is paid in them; what is stored in them stays readable.
 */
const WITHDRAWN = new Set(['ANG', 'BGN', 'CUC']);

/** Joined the list after the data of the package: the Caribbean guilder, amendment 176. */
const JOINED = [{ code: 'XCG', digits: 2 }];

/** Decimals of every currency in which an amount can be stored, withdrawn ones included. */
const decimals = new Map(
  [...iso4217, ...JOINED].filter(({ code }) => !NOT_PAYABLE.has(code)).map(({ code, digits }) => [code, digits] as const),
);

/** ISO 4217 codes in which a payout can be made, sorted. */
export const PAYABLE_CURRENCIES: readonly string[] = [...decimals.keys()].filter((code) => !WITHDRAWN.has(code)).sort();

const payable = new Set(PAYABLE_CURRENCIES);

/** Whether a payout can be made in it; codes are upper case. */
export const isPayableCurrency = (currency: string): boolean => payable.has(currency);

/**
 * Decimals of the currency by ISO 4217 (Intl has other numbers for HUF, IDR, IQD and more, a hundredfold or thousandfold
 * error); undefined where it is no currency.
 */
export const decimalsOf = (currency: string): number | undefined => decimals.get(currency);
