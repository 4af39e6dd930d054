import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { type Caller, type HttpRequest, Operation, Public, ReadsKey, unauthorized } from '../http/index.js';
import { Metrics } from './metrics.js';

const LOOPBACK = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/;

/** What a proxy on this machine adds when it passes on a request from elsewhere. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** The figures of this process for Prometheus, to the operator's key or to a scraper on the same machine. */
@ApiTags('Service')
@Controller()
@Public()
@ReadsKey()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /** The figures of this process, for Prometheus: to the operator's key, or without one to a scraper on the same machine. */
  @Operation('getMetrics', { refuses: ['unauthorized'] })
  @Get('metrics')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' }, example: 'tranche_http_requests_total 1' } } })
  async scrape(@Req() request: HttpRequest, @Res({ passthrough: true }) response: Response): Promise<string> {
    const isOpen = request.headers.authorization === undefined ? isLocal(request) : maySeeFigures(request.caller);
    if (!isOpen) throw unauthorized();
    response.setHeader('Content-Type', this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}

const maySeeFigures = (caller: Caller | undefined): boolean =>
  caller?.kind === 'operator' && (caller.operator.scopes?.includes('read') ?? true);

const isLocal = (request: Request): boolean =>
  LOOPBACK.test(request.socket.remoteAddress ?? '') && FORWARDED.every((name) => request.headers[name] === undefined);
