import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { MerchantPrincipal } from './credentials.js';
import type { HttpRequest } from './http-request.js';

export const PUBLIC = Symbol('public route');
export const OPERATOR_ROUTE = Symbol('operator route');
export const SCOPES = Symbol('scopes');

/** Needs no key. It is the route's own duty to know whom it serves; it gets no transaction and no idempotency key. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

/** Takes the operator key only. */
export const OperatorRoute = (): MethodDecorator & ClassDecorator => SetMetadata(OPERATOR_ROUTE, true);

/** The key has to hold all of these; a key without a list of scopes holds every one. */
export const Scopes = (...scopes: string[]): MethodDecorator & ClassDecorator => SetMetadata(SCOPES, scopes);

/** The merchant whose key the request carries: a `MerchantPrincipal`. Every route that is neither public nor the operator's has one. */
export const Merchant = createParamDecorator((_: unknown, context: ExecutionContext): MerchantPrincipal => {
  const { caller } = context.switchToHttp().getRequest<HttpRequest>();
  if (caller?.kind !== 'merchant') throw new Error('@Merchant() stands at a route that takes no merchant key');
  return caller.merchant;
});
