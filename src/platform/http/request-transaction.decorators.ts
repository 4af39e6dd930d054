import { createParamDecorator, type ExecutionContext, SetMetadata, type Type } from '@nestjs/common';
import type { Tx } from '../database/index.js';
import type { HttpRequest } from './http-request.js';

export const CARRIES_SECRET = Symbol('carries secret');
export const PREPARED_BY = Symbol('prepared by');

/** The answer holds a secret that is shown once: kept under an idempotency key it is sealed, and dropped after an hour. */
export const CarriesSecret = (): MethodDecorator => SetMetadata(CARRIES_SECRET, true);

/**
 * Work for a write that must not hold a transaction, such as a look-up on the network. It runs once, after the body was
 * read and before the transaction begins, so before the body is validated; not for a request that is answered again.
 * What it finds is for the use case to judge: it returns it and refuses nothing itself.
 */
export interface Preparation<Result = unknown> {
  prepare(request: HttpRequest): Promise<Result>;
}

/** Names the provider that prepares this route; the handler gets what it found by `@Prepared()`. */
export const PreparedBy = (preparation: Type<Preparation>): MethodDecorator => SetMetadata(PREPARED_BY, preparation);

/** What the `@PreparedBy` of this route found. */
export const Prepared = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => context.switchToHttp().getRequest<HttpRequest>().prepared,
);

/** The transaction of this request: a `Tx`. All that the handler writes through it is committed with the answer, or not at all. */
export const RequestTx = createParamDecorator((_: unknown, context: ExecutionContext): Tx => {
  const { tx } = context.switchToHttp().getRequest<HttpRequest>();
  if (tx === undefined) throw new Error('@RequestTx() stands at a route that is public or only reads');
  return tx;
});
