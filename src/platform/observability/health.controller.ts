import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Public } from '../http/index.js';
import { Readiness, type ReadinessReport } from './readiness.js';

/** What a supervisor asks: whether to start the process anew (`/healthz`), and whether to send it work (`/readyz`). */
@Controller()
@Public()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process is up. Looks at nothing else: a lost database is no reason to start it anew. */
  @Get('healthz')
  health(): { status: 'up' } {
    return { status: 'up' };
  }

  /** 200 where the process can work, else 503, with the reasons. */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) response: Response): Promise<ReadinessReport> {
    const report = await this.readiness.report();
    if (report.status !== 'ready') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }
}
