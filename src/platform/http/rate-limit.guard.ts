import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { addressOf } from './address.js';
import { keyIdOf } from './credentials.js';
import type { HttpRequest } from './http-request.js';
import type { RateLimit } from './rate-limits.js';

/** Holds every address to its rate, whatever it asks for: also what no route takes. */
export const limitAddress =
  (limit: RateLimit): RequestHandler =>
  (request: Request, response: Response, next: NextFunction): void => {
    limit.take(addressOf(request), response).then(() => {
      next();
    }, next);
  };

/** Holds every key to its rate. Stands behind the authentication, so that nobody can use up another's tokens. */
export class KeyRateLimit implements CanActivate {
  constructor(private readonly limit: RateLimit | null) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const keyId = keyIdOf(http.getRequest<HttpRequest>().caller);
    if (keyId !== null) await this.limit?.take(keyId, http.getResponse<Response>());
    return true;
  }
}
