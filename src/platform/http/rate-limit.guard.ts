import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { HttpRequest } from './http-request.js';
import { kernelProblem } from './kernel.problems.js';
import { TokenBuckets } from './token-buckets.js';

/** The burst, in seconds of the steady rate (the contract's "burst of 10 times"). */
const BURST_S = 10;

/** Holds every key to its rate. Stands behind the authentication, so that nobody can use up another's tokens. */
export class RateLimit implements CanActivate {
  private readonly buckets: TokenBuckets | null;

  /** @param perSecond 0 = no limit. */
  constructor(perSecond: number) {
    this.buckets = perSecond === 0 ? null : new TokenBuckets(perSecond, perSecond * BURST_S);
  }

  canActivate(context: ExecutionContext): boolean {
    const { caller } = context.switchToHttp().getRequest<HttpRequest>();
    if (this.buckets === null || caller === undefined || caller.kind === 'nobody') return true;
    const outcome = this.buckets.take(caller.kind === 'operator' ? 'operator' : caller.merchant.keyId, performance.now());
    if (outcome.taken) return true;
    const seconds = Math.max(1, Math.ceil(outcome.wait_ms / 1000));
    throw kernelProblem('rate_limited', `This key has used up its requests. The next one is taken in ${String(seconds)} s.`, {
      headers: { 'Retry-After': String(seconds) },
    });
  }
}
