import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { GuestPrincipal, MerchantPrincipal, OperatorPrincipal } from './credentials.js';
import type { HttpRequest } from './http-request.js';

export const PUBLIC = Symbol('public route');
export const OPERATOR_ROUTE = Symbol('operator route');
export const GUEST_ROUTE = Symbol('guest route');
export const READS_KEY = Symbol('reads a key');
export const SCOPES = Symbol('scopes');

/** Needs no key. It is the route's own duty to know whom it serves; it gets no transaction and no idempotency key. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

/** A public route that tells its callers apart: it finds who the key speaks for in `request.caller`, and judges by itself. */
export const ReadsKey = (): MethodDecorator & ClassDecorator => SetMetadata(READS_KEY, true);

/** Takes an operator's key only. */
export const OperatorRoute = (): MethodDecorator & ClassDecorator => SetMetadata(OPERATOR_ROUTE, true);

/** Takes no key, but what was made for this alone; the dialect of its path knows it. */
export const GuestRoute = (): MethodDecorator & ClassDecorator => SetMetadata(GUEST_ROUTE, true);

/** The key has to hold all of these; a key without a list of scopes holds every one. */
export const Scopes = (...scopes: string[]): MethodDecorator & ClassDecorator => SetMetadata(SCOPES, scopes);

/** The operator whose key the request carries: an `OperatorPrincipal`. */
export const Operator = createParamDecorator((_: unknown, context: ExecutionContext): OperatorPrincipal => {
  const { caller } = context.switchToHttp().getRequest<HttpRequest>();
  if (caller?.kind !== 'operator') throw new Error('@Operator() stands at a route that takes no operator key');
  return caller.operator;
});

/** Whoever shows what the route takes: a `GuestPrincipal`. */
export const Guest = createParamDecorator((_: unknown, context: ExecutionContext): GuestPrincipal => {
  const { caller } = context.switchToHttp().getRequest<HttpRequest>();
  if (caller?.kind !== 'guest') throw new Error('@Guest() stands at a route that takes no guests');
  return caller.guest;
});

/** The merchant whose key the request carries: a `MerchantPrincipal`. Every route that is neither public, a guest's nor the operator's has one. */
export const Merchant = createParamDecorator((_: unknown, context: ExecutionContext): MerchantPrincipal => {
  const { caller } = context.switchToHttp().getRequest<HttpRequest>();
  if (caller?.kind !== 'merchant') throw new Error('@Merchant() stands at a route that takes no merchant key');
  return caller.merchant;
});
