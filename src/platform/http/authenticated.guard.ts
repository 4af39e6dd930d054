import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { GUEST_ROUTE, OPERATOR_ROUTE, PUBLIC, READS_KEY, SCOPES } from './access.decorators.js';
import { addressOf } from './address.js';
import type { Caller, Credentials } from './credentials.js';
import type { HttpRequest } from './http-request.js';
import { kernelProblem, unauthorized } from './kernel.problems.js';
import type { Problem } from './problem.js';
import type { RateLimit } from './rate-limits.js';

/** RFC 6750 section 2.1; the name of a scheme has no case (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

const NOBODY: Caller = { kind: 'nobody' };

/** The key that the request carries, or null. */
export const bearerOf = (authorization: string | undefined): string | null => BEARER.exec(authorization ?? '')?.[1] ?? null;

/**
 * Looks the key up and holds it to what the route asks for. Guards run before any interceptor, and the body is read by an
 * interceptor: so nobody without a key makes us read a body, and nobody without the right one makes us parse it.
 */
export class Authenticated implements CanActivate {
  /** @param guesses how often an address may come without a valid key; null: as often as it likes. */
  constructor(
    private readonly reflector: Reflector,
    private readonly credentials: Credentials,
    private readonly guesses: RateLimit | null,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    const of = <Value>(key: symbol): Value | undefined =>
      this.reflector.getAllAndOverride<Value | undefined>(key, [context.getHandler(), context.getClass()]);
    if (of<boolean>(PUBLIC) === true) {
      const counts = of<boolean>(READS_KEY) === true && credentialOf(request) !== null;
      request.caller = counts ? await this.identify(request, response) : NOBODY;
      return true;
    }
    const caller = await this.identify(request, response);
    const kind = of<boolean>(OPERATOR_ROUTE) === true ? 'operator' : of<boolean>(GUEST_ROUTE) === true ? 'guest' : 'merchant';
    const refusal = refuseKind(caller, kind) ?? refuseScopes(caller, of<string[]>(SCOPES) ?? []);
    if (refusal !== null) throw refusal;
    request.caller = caller;
    return true;
  }

  /**
   * What has to be looked up takes a token of its address before it is, and gets it back if it is a valid key: so keys are
   * guessed no faster than that, and a key in use is not shut out by whoever guesses beside it. However many requests come
   * with one key at once, that is one guess.
   */
  private async identify(request: HttpRequest, response: Response): Promise<Caller> {
    const credential = credentialOf(request);
    const door = request.dialect ?? this.credentials;
    if (credential !== null && door.knows(credential)) return door.identify(credential);
    const address = addressOf(request);
    try {
      await this.guesses?.take(address, response);
    } catch (refusal) {
      if (credential !== null && door.knows(credential)) return door.identify(credential);
      throw refusal;
    }
    const caller = credential === null ? NOBODY : await door.identify(credential);
    if (caller.kind !== 'nobody') this.guesses?.giveBack(address);
    return caller;
  }
}

const credentialOf = (request: HttpRequest): string | null =>
  request.dialect === undefined ? bearerOf(request.headers.authorization) : request.dialect.credentialOf(request);

function refuseKind(caller: Caller, kind: 'operator' | 'merchant' | 'guest'): Problem | null {
  if (caller.kind === kind) return null;
  if (caller.kind === 'nobody' || caller.kind === 'guest' || kind === 'guest') return unauthorized();
  return kernelProblem(
    'forbidden',
    kind === 'operator'
      ? "This route takes an operator's key."
      : "This route takes a merchant's key; an operator's speaks for no merchant.",
  );
}

function refuseScopes(caller: Caller, needed: readonly string[]): Problem | null {
  const scopes = caller.kind === 'merchant' ? caller.merchant.scopes : caller.kind === 'operator' ? caller.operator.scopes : [];
  const missing = scopes === null ? [] : needed.filter((scope) => !scopes.includes(scope));
  if (missing.length === 0) return null;
  return kernelProblem('forbidden', `The key lacks the scope ${missing.join(' ')}. Use a key that has it.`);
}
