import type { Caller } from './credentials.js';
import type { Problem } from './problem.js';

export interface ForeignRefusal {
  readonly status: number;
  readonly body: object;
}

/**
 * What a foreign contract has of its own in HTTP: how its clients show who they are, how they name a request that they may
 * send again, and what a refusal looks like to them. What it does not know in a request it ignores. Everything else of a
 * request's way is the same for all.
 */
export interface Dialect {
  /** In lower case: stands for `Idempotency-Key`. */
  readonly idempotencyHeader: string;
  /** Whether the bearer token is nobody's guess: who has it got it from us. */
  knows(bearer: string): boolean;
  /** Whom a bearer token of this contract speaks for. Never the operator: no foreign contract knows one. */
  identify(bearer: string): Promise<Caller>;
  refusal(problem: Problem, requestId: string): ForeignRefusal;
}
