import { Injectable, Logger, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { HttpRequest } from '../http/index.js';
import { fromTypeId, type IdKind, toTypeId } from '../ids/index.js';
import { Metrics } from './metrics.js';
import { Traces } from './traces.js';

/** Asked every few seconds by supervisors; told at level debug only. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

/** One line and one observation for each request, when its answer is out or its connection gone. */
@Injectable()
export class ObserveRequests implements NestMiddleware {
  private readonly logger = new Logger('Access');

  constructor(
    private readonly metrics: Metrics,
    private readonly traces: Traces,
  ) {}

  use(request: Request, response: Response, next: NextFunction): void {
    const started_ms = performance.now();
    response.once('close', () => {
      const ended_ms = performance.now();
      this.observe(request as HttpRequest, response, ended_ms - started_ms);
      if (this.traces.isOn) this.trace(request as HttpRequest, response, { started_ms, ended_ms });
    });
    next();
  }

  private observe(request: HttpRequest, response: Response, duration_ms: number): void {
    const { method, caller } = request;
    const route = routeOf(request);
    const status = response.writableFinished ? response.statusCode : 'aborted';
    this.metrics.httpSeconds.observe({ method, route, status }, duration_ms / 1000);
    this.logger[PROBES.has(route) ? 'debug' : 'log']({
      message: 'request',
      ...{ method, route, status, duration_ms: Math.round(duration_ms * 10) / 10, request_id: request.requestId },
      ...(caller?.kind === 'merchant' ? { merchant_id: toTypeId('merchant', caller.merchant.id) } : {}),
    });
  }

  /** Of what was made, or changed: whoever only reads is in the log and in the figures. */
  private trace(request: HttpRequest, response: Response, times: { started_ms: number; ended_ms: number }): void {
    const { method, headers, requestId } = request;
    if (method === 'GET' || method === 'HEAD') return;
    const made = uuidIn(
      String(response.getHeader('location') ?? '')
        .split('/')
        .at(-1),
    );
    const subject = made ?? uuidIn(request.params['id']);
    if (subject === null) return;
    const route = routeOf(request);
    const { statusCode: status } = response;
    this.traces.record({
      ...times,
      subject,
      name: `${method} ${route}`,
      kind: 'server',
      // An answer that is given again made nothing.
      isRoot: made !== null && !response.hasHeader('idempotent-replayed'),
      failed: status >= 500,
      fields: { method, route, status, request_id: requestId },
      caller: [headers['traceparent']].flat()[0],
    });
  }
}

/** The pattern, never the path: a path holds ids, and there are as many of them as callers like to make up. */
const routeOf = ({ route }: Request): string => (route as { path?: string } | undefined)?.path ?? 'none';

/** Behind an id of any kind. */
const uuidIn = (id: unknown): string | null => (typeof id === 'string' ? fromTypeId(id.split('_')[0] as IdKind, id) : null);
