import type { NextFunction, Request, Response } from 'express';
import { newUuid, toTypeId } from '../ids/index.js';
import type { HttpRequest } from './http-request.js';

/**
 * Names the request in its answer, its problem and the log. Our own id always: one that a caller could choose would let
 * him write into the log.
 */
export function nameRequest(request: Request, response: Response, next: NextFunction): void {
  const { requestId } = Object.assign(request, { requestId: toTypeId('req', newUuid()) }) as HttpRequest;
  response.setHeader('Request-Id', requestId);
  // Answers hold account data and are true for a moment only.
  response.setHeader('Cache-Control', 'no-store');
  // Express answers 304 by itself where these match an ETag; the contract has no 304.
  delete request.headers['if-none-match'];
  delete request.headers['if-modified-since'];
  next();
}
