import type { Request } from 'express';
import type { Caller } from './credentials.js';
import { headersOf, type Problem } from './problem.js';

/** A refusal as it is sent, without what every answer has. */
export interface ForeignRefusal {
  readonly status: number;
  /** By lower-case name, those of the native refusal that the contract has too among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What a foreign contract has of its own in HTTP: how its clients show who they are, how they name a request that they may
 * send again, and what a refusal looks like to them. What it does not know in a request it ignores. Everything else of a
 * request's way is the same for all.
 */
export interface Dialect {
  /** In lower case: stands for `Idempotency-Key`. Null: requests are named in their bodies, or not at all. */
  readonly idempotencyHeader: string | null;
  /** What the request shows to say for whom it speaks; null where that is nothing. */
  credentialOf(request: Request): string | null;
  /** Whether the credential is nobody's guess: who has it got it from us. */
  knows(credential: string): boolean;
  /** Whom a credential of this contract speaks for. Never the operator: no foreign contract knows one. */
  identify(credential: string): Promise<Caller>;
  refusal(problem: Problem, requestId: string): ForeignRefusal;
}

/** As JSON, with the headers of the native refusal but for those that are given. */
export const jsonRefusal = (
  problem: Problem,
  { status, body, headers = {} }: { status: number; body: object; headers?: Readonly<Record<string, string>> },
): ForeignRefusal => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headersOf(problem), ...headers },
  body: JSON.stringify(body),
});
