import { parseAmount, type StoredLimits } from '../platform/money/index.js';

/** The most that one payout may be, in minor units by currency. */
export type PayoutLimits = ReadonlyMap<string, bigint>;

/** What holds where several limits apply: the smallest of each currency. */
export function smallestLimits(...sources: readonly StoredLimits[]): PayoutLimits {
  const limits = new Map<string, bigint>();
  for (const { max_amount = {} } of sources) {
    for (const [currency, text] of Object.entries(max_amount)) {
      const amount = parseAmount(text, currency);
      // A limit that can not be read any more must not become no limit: then nothing passes.
      const max = 'minor' in amount ? amount.minor : 0n;
      const smallest = limits.get(currency);
      if (smallest === undefined || max < smallest) limits.set(currency, max);
    }
  }
  return limits;
}
