import { Injectable, Logger, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { HttpRequest } from '../http/index.js';
import { toTypeId } from '../ids/index.js';
import { Metrics } from './metrics.js';

/** Asked every few seconds by supervisors; told at level debug only. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

/** One line and one observation for each request, when its answer is out or its connection gone. */
@Injectable()
export class ObserveRequests implements NestMiddleware {
  private readonly logger = new Logger('Access');

  constructor(private readonly metrics: Metrics) {}

  use(request: Request, response: Response, next: NextFunction): void {
    const started_ms = performance.now();
    response.once('close', () => {
      this.observe(request as HttpRequest, response, performance.now() - started_ms);
    });
    next();
  }

  private observe(request: HttpRequest, response: Response, duration_ms: number): void {
    const { method, caller } = request;
    // The pattern, never the path: a path holds ids, and there are as many of them as callers like to make up.
    const route = (request.route as { path?: string } | undefined)?.path ?? 'none';
    const status = response.writableFinished ? response.statusCode : 'aborted';
    this.metrics.httpSeconds.observe({ method, route, status }, duration_ms / 1000);
    this.logger[PROBES.has(route) ? 'debug' : 'log']({
      message: 'request',
      ...{ method, route, status, duration_ms: Math.round(duration_ms * 10) / 10, request_id: request.requestId },
      ...(caller?.kind === 'merchant' ? { merchant_id: toTypeId('merchant', caller.merchant.id) } : {}),
    });
  }
}
