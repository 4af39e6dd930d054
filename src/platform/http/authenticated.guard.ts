import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { OPERATOR_ROUTE, PUBLIC, SCOPES } from './access.decorators.js';
import type { Caller, Credentials } from './credentials.js';
import type { HttpRequest } from './http-request.js';
import { kernelProblem, unauthorized } from './kernel.problems.js';
import type { Problem } from './problem.js';

/** RFC 6750 section 2.1; the name of a scheme has no case (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** The key that the request carries, or null. */
export const bearerOf = (authorization: string | undefined): string | null => BEARER.exec(authorization ?? '')?.[1] ?? null;

/**
 * Looks the key up and holds it to what the route asks for. Guards run before any interceptor, and the body is read by an
 * interceptor: so nobody without a key makes us read a body, and nobody without the right one makes us parse it.
 */
export class Authenticated implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly credentials: Credentials,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const route = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, route)) {
      request.caller = { kind: 'nobody' };
      return true;
    }
    const caller = await this.identify(request.headers.authorization);
    const refusal = this.reflector.getAllAndOverride<boolean | undefined>(OPERATOR_ROUTE, route)
      ? refuseAtOperatorRoute(caller)
      : refuseAtMerchantRoute(caller, this.reflector.getAllAndOverride<string[] | undefined>(SCOPES, route) ?? []);
    if (refusal !== null) throw refusal;
    request.caller = caller;
    return true;
  }

  private async identify(authorization: string | undefined): Promise<Caller> {
    const bearer = bearerOf(authorization);
    if (bearer === null) return { kind: 'nobody' };
    if (this.credentials.operatorKey(bearer)) return { kind: 'operator' };
    const merchant = await this.credentials.merchantKey(bearer);
    return merchant === null ? { kind: 'nobody' } : { kind: 'merchant', merchant };
  }
}

function refuseAtOperatorRoute(caller: Caller): Problem | null {
  if (caller.kind === 'operator') return null;
  return caller.kind === 'nobody' ? unauthorized() : kernelProblem('forbidden', 'This route takes the operator key.');
}

function refuseAtMerchantRoute(caller: Caller, needed: readonly string[]): Problem | null {
  if (caller.kind === 'nobody') return unauthorized();
  if (caller.kind === 'operator')
    return kernelProblem('forbidden', "This route takes a merchant's key; the operator key speaks for no merchant.");
  const { scopes } = caller.merchant;
  const missing = scopes === null ? [] : needed.filter((scope) => !scopes.includes(scope));
  if (missing.length === 0) return null;
  return kernelProblem('forbidden', `The key lacks the scope ${missing.join(' ')}. Use a key that has it.`);
}
