import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { bearerOf, type Credentials, CREDENTIALS, Operation, Public, unauthorized } from '../http/index.js';
import { Metrics } from './metrics.js';

const LOOPBACK = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/;

/** What a proxy on this machine adds when it passes on a request from elsewhere. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** The figures of this process for Prometheus, to the operator's key or to a scraper on the same machine. */
@ApiTags('Service')
@Controller()
@Public()
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(CREDENTIALS) private readonly credentials: Credentials,
  ) {}

  /** The figures of this process, for Prometheus: to the operator's key, or without one to a scraper on the same machine. */
  @Operation('getMetrics', { refuses: ['unauthorized'] })
  @Get('metrics')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' }, example: 'tranche_http_requests_total 1' } } })
  async scrape(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
    const bearer = bearerOf(request.headers.authorization);
    if (bearer === null ? !isLocal(request) : !this.credentials.operatorKey(bearer)) throw unauthorized();
    response.setHeader('Content-Type', this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}

const isLocal = (request: Request): boolean =>
  LOOPBACK.test(request.socket.remoteAddress ?? '') && FORWARDED.every((name) => request.headers[name] === undefined);
