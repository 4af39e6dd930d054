import type { IntentRequest } from './connector.js';

/** Shorter values ("Ada", "DE") would tear ordinary words apart and identify nobody. */
const VALUE_LENGTH_MIN = 4;
/** As the contract says of `failure.message`; in code points. */
const TEXT_LENGTH_MAX = 500;
const REMOVED = '[removed]';
/** Signs that providers put into numbers for reading: `DE89 3704 …` is the same account as `DE893704…`. */
const SEPARATOR = /[\s.\-/]/u;
const SEPARATORS = '[\\s.\\-/]*';

/** What of a payout must not come back in a provider's words. */
export type AccountData = Pick<IntentRequest, 'payoutMethod' | 'billingData'>;

/**
 * A provider's text without the payout's own account data, storable and cut: providers like to repeat what they refuse.
 * Every string of the method and of the billing data goes, in any case and with any separators, the longest first so that a
 * value inside another leaves no rest. Only the method's `type` stays: it is a word of ours, not of the receiver.
 */
export function clearOfAccountData(text: string, account: AccountData): string {
  const { type: _type, ...method } = account.payoutMethod;
  const values = [...new Set([...stringsIn(method), ...stringsIn(account.billingData)])].sort((a, b) => b.length - a.length);
  const cleared = values.reduce((rest, value) => rest.replace(patternOf(value), REMOVED), text);
  return cutToStorable(cleared);
}

/** The text without control characters and lone surrogates, which PostgreSQL refuses, cut to 500 code points. */
export function cutToStorable(text: string, lengthMax = TEXT_LENGTH_MAX): string {
  const clean = text.slice(0, lengthMax * 4).replace(/[\p{Cc}\p{Cs}]/gu, ' ');
  return [...clean].slice(0, lengthMax).join('');
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.trim().length >= VALUE_LENGTH_MIN ? [value.trim()] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

function patternOf(value: string): RegExp {
  const signs = [...value].filter((sign) => !SEPARATOR.test(sign));
  const enough = signs.length >= VALUE_LENGTH_MIN;
  const escaped = (enough ? signs : [...value]).map((sign) => sign.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&'));
  return new RegExp(escaped.join(enough ? SEPARATORS : ''), 'giu');
}
