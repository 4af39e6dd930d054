import { type CallHandler, type ExecutionContext, type NestInterceptor, SetMetadata } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import type { BodyBudget } from './body-budget.js';
import { hasBody, readBytes, refuseMediaType } from './body-reader.js';
import { keyIdOf } from './credentials.js';
import type { HttpRequest } from './http-request.js';
import { refuseStrayQuery } from './stray-input.js';
import { parseStrictJson } from './strict-json.js';

const MIB = 1024 * 1024;
const BODY_LIMIT_BYTES = 1 * MIB;
const LARGE_BODY_LIMIT_BYTES = 16 * MIB;

const LARGE_BODY = Symbol('large body');
const FORM_BODY = Symbol('form body');

/** All who come without a key share what one key may have. */
const NO_KEY = 'none';

/** The methods whose body means something; that of any other is never read. */
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Takes bodies up to 16 MiB, where every other route takes 1 MiB. For controllers whose bodies are lists. */
export const LargeBody = (): MethodDecorator & ClassDecorator => SetMetadata(LARGE_BODY, true);

/** Takes `application/x-www-form-urlencoded` (WHATWG URL, section 5) in place of JSON; the body is an object of texts. */
export const FormBody = (): MethodDecorator => SetMetadata(FORM_BODY, true);

/**
 * Reads and parses the body. An interceptor and no middleware, because guards run between the two: a body is read only
 * for a route that exists and a key that may use it, and before a transaction is opened.
 */
export class ReadRequest implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly budget: BodyBudget,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (request.caller?.kind !== 'nobody') refuseStrayQuery(context, request);
    if (METHODS_WITH_BODY.has(request.method) && hasBody(request.headers)) {
      const form = this.reflector.get<boolean | undefined>(FORM_BODY, context.getHandler()) ?? false;
      const refusal = refuseMediaType(request.method, request.headers, form);
      if (refusal !== null) throw refusal;
      const large = this.reflector.getAllAndOverride<boolean | undefined>(LARGE_BODY, [context.getHandler(), context.getClass()]);
      const room = this.budget.open(keyIdOf(request.caller) ?? NO_KEY);
      // What was read is held until the answer is out, or its reader gone.
      context.switchToHttp().getResponse<Response>().once('close', room.close);
      request.rawBody = await readBytes(request, large ? LARGE_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES, room.take);
      // A chunked body may turn out to be empty.
      if (request.rawBody.length > 0) request.body = form ? parseForm(request.rawBody) : parseStrictJson(request.rawBody);
    }
    return next.handle();
  }
}

/** The last of a repeated name counts. */
const parseForm = (bytes: Buffer): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
