import { parseAmount, type StoredLimits } from '../platform/money/index.js';

/** The most that something may be, in minor units by currency. */
export type AmountLimits = ReadonlyMap<string, bigint>;

/** Of one payout: the smallest of each currency, where several apply. */
export const smallestLimits = (...sources: readonly StoredLimits[]): AmountLimits =>
  smallestOf(sources.map(({ max_amount }) => max_amount));

export function smallestOf(sources: readonly StoredLimits['max_amount'][]): AmountLimits {
  const limits = new Map<string, bigint>();
  for (const amounts of sources) {
    for (const [currency, text] of Object.entries(amounts ?? {})) {
      const amount = parseAmount(text, currency);
      // A limit that can not be read any more must not become no limit: then nothing passes.
      const max = 'minor' in amount ? amount.minor : 0n;
      const smallest = limits.get(currency);
      if (smallest === undefined || max < smallest) limits.set(currency, max);
    }
  }
  return limits;
}
