import type { Response } from 'express';
import type { Configuration } from '../config/index.js';
import type { Transactions } from '../database/index.js';
import { DrawnBuckets, drawTokens, TokenDrawer, type Verdict } from '../rate-limit/index.js';
import { kernelProblem } from './kernel.problems.js';

/** The burst, in seconds of the steady rate (the contract's "burst of 10 times"). */
const BURST_S = 10;

export type RateConfiguration = Pick<
  Configuration,
  'rateLimitPerSecond' | 'addressRateLimitPerSecond' | 'guessRateLimitPerSecond'
>;

/** The limits of requests, each counted for all processes together. Null: off. */
export interface RateLimits {
  readonly key: RateLimit | null;
  readonly address: RateLimit | null;
  /** Keys that have to be looked up and turn out not to be valid. */
  readonly guess: RateLimit | null;
}

export function rateLimits(configuration: RateConfiguration, transactions: Transactions): RateLimits {
  const drawer = new TokenDrawer((draws) => transactions.asEngine((tx) => drawTokens(tx, draws)));
  const limit = (name: string, perSecond: number, subject: string): RateLimit | null =>
    perSecond === 0
      ? null
      : new RateLimit(name, subject, new DrawnBuckets(name, { perSecond, burst: perSecond * BURST_S }, drawer));
  return {
    key: limit('key', configuration.rateLimitPerSecond, 'This key'),
    address: limit('address', configuration.addressRateLimitPerSecond, 'The address of this request'),
    guess: limit('guess', configuration.guessRateLimitPerSecond, 'The address of this request, without a valid key,'),
  };
}

/** One limit: it tells of itself in every answer, and refuses. */
export class RateLimit {
  constructor(
    private readonly name: string,
    private readonly subjectName: string,
    private readonly buckets: DrawnBuckets,
  ) {}

  /** @throws `rate_limited` */
  async take(subject: string, response: Response): Promise<void> {
    // Where the tokens are here already, nothing is waited for.
    const taken = this.buckets.take(subject);
    const verdict = taken instanceof Promise ? await taken : taken;
    this.tell(response, verdict);
    if (verdict.taken) return;
    const seconds = Math.max(1, Math.ceil(verdict.wait_ms / 1000));
    throw kernelProblem(
      'rate_limited',
      `${this.subjectName} has used up its requests. The next one is taken in ${String(seconds)} s.`,
      { headers: { 'Retry-After': String(seconds) } },
    );
  }

  giveBack(subject: string): void {
    this.buckets.giveBack(subject);
  }

  /** draft-ietf-httpapi-ratelimit-headers-11: what is allowed in which window, what is left of it, and until when all of it is back. */
  private tell(response: Response, { remaining }: Verdict): void {
    const { burst, perSecond } = this.buckets.rate;
    const left = Math.min(burst, remaining);
    response.append('RateLimit-Policy', `"${this.name}";q=${String(burst)};w=${String(BURST_S)}`);
    response.append('RateLimit', `"${this.name}";r=${String(left)};t=${String(Math.ceil((burst - left) / perSecond))}`);
  }
}
