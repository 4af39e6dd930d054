import type { Rate, Verdict } from './rate.js';

interface Bucket {
  tokens: number;
  /** When `tokens` was true, on the monotonic clock. */
  at_ms: number;
}

/** Past this many buckets the full ones are dropped: a full bucket says the same as none. About 10 MB. */
const BUCKETS_MAX = 100_000;

/** One bucket per subject in the memory of this process: several processes each allow the whole rate. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly rate: Rate) {}

  /** Takes one token; where there is none, says in how many milliseconds there will be one. */
  take(subject: string, now_ms: number): Verdict {
    const tokens = this.tokensOf(this.buckets.get(subject), now_ms);
    if (tokens < 1) return { taken: false, remaining: 0, wait_ms: ((1 - tokens) / this.rate.perSecond) * 1000 };
    if (!this.buckets.has(subject) && this.buckets.size >= BUCKETS_MAX) this.dropFull(now_ms);
    this.buckets.set(subject, { tokens: tokens - 1, at_ms: now_ms });
    return { taken: true, remaining: Math.floor(tokens - 1) };
  }

  private tokensOf(bucket: Bucket | undefined, now_ms: number): number {
    const { perSecond, burst } = this.rate;
    return bucket === undefined ? burst : Math.min(burst, bucket.tokens + ((now_ms - bucket.at_ms) / 1000) * perSecond);
  }

  private dropFull(now_ms: number): void {
    for (const [subject, bucket] of this.buckets)
      if (this.tokensOf(bucket, now_ms) >= this.rate.burst) this.buckets.delete(subject);
  }
}
