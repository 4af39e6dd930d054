import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Operation, Public } from '../http/index.js';
import { HealthDto, ReadinessDto } from './health.dto.js';
import { Readiness } from './readiness.js';

/** What a supervisor asks: whether to start the process anew (`/healthz`), and whether to send it work (`/readyz`). */
@ApiTags('Service')
@Controller()
@Public()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process is up. Looks at nothing else: a lost database is no reason to start it anew. */
  @Operation('getHealth')
  @Get('healthz')
  health(): HealthDto {
    return { status: 'up' };
  }

  /** 200 where the process can work, else 503, with the reasons. */
  @Operation('getReadiness')
  @Get('readyz')
  @ApiServiceUnavailableResponse({ type: ReadinessDto, description: 'Not ready; `checks` says why.' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadinessDto> {
    const report = await this.readiness.report();
    if (report.status !== 'ready') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }
}
