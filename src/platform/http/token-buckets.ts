interface Bucket {
  tokens: number;
  /** When `tokens` was true, on the monotonic clock. */
  at_ms: number;
}

/** Past this many buckets the full ones are dropped: a full bucket says the same as none. About 10 MB. */
const BUCKETS_MAX = 100_000;

/**
 * One bucket per key, `perSecond` tokens a second flow in, at most `burst` stay. In memory: several processes each allow
 * the whole rate.
 */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {}

  /** Takes one token; where there is none, says in how many milliseconds there will be one. */
  take(key: string, now_ms: number): { readonly taken: true } | { readonly taken: false; readonly wait_ms: number } {
    const tokens = this.tokensOf(this.buckets.get(key), now_ms);
    if (tokens < 1) return { taken: false, wait_ms: ((1 - tokens) / this.perSecond) * 1000 };
    if (!this.buckets.has(key) && this.buckets.size >= BUCKETS_MAX) this.dropFull(now_ms);
    this.buckets.set(key, { tokens: tokens - 1, at_ms: now_ms });
    return { taken: true };
  }

  private tokensOf(bucket: Bucket | undefined, now_ms: number): number {
    if (bucket === undefined) return this.burst;
    return Math.min(this.burst, bucket.tokens + ((now_ms - bucket.at_ms) / 1000) * this.perSecond);
  }

  private dropFull(now_ms: number): void {
    for (const [key, bucket] of this.buckets) if (this.tokensOf(bucket, now_ms) >= this.burst) this.buckets.delete(key);
  }
}
