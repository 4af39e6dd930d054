import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions, Tx } from '../platform/database/index.js';
import { Operation, OperatorRoute, RequestTx, Scopes } from '../platform/http/index.js';
import { BrakeEngine } from './brake-engine.js';
import { EngineBrakeDto, EngineStatusDto } from './dto/engine.dto.js';
import { PauseDto, ResumeDto } from './dto/pause.dto.js';
import { EngineQueries } from './engine.queries.js';
import { toEngineBrakeResponse, toEngineStatusResponse } from './merchant-responses.js';

@ApiTags('Operator: engine')
@OperatorRoute()
@Controller('v1/operator')
export class OperatorEngineController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: EngineQueries,
    private readonly brakeEngine: BrakeEngine,
  ) {}

  /** The engine at a glance: its brake, who is paused, and how many payouts are in which state. */
  @Operation('getEngineStatus')
  @Scopes('read')
  @Get('status')
  async status(): Promise<EngineStatusDto> {
    return toEngineStatusResponse(await this.transactions.asEngine((tx) => this.queries.status(tx)));
  }

  /** Nothing is claimed for anybody until the engine is resumed. What was claimed before goes on. */
  @Operation('pauseEngine')
  @Scopes('brakes:write')
  @Post('pause')
  @HttpCode(200)
  async pause(@RequestTx() tx: Tx, @Body() { reason }: PauseDto): Promise<EngineBrakeDto> {
    return toEngineBrakeResponse(await this.brakeEngine.execute(tx, { paused: true, reason }));
  }

  /** Lets everything go on that is not paused by itself; overdue payouts run at once. */
  @Operation('resumeEngine')
  @Scopes('brakes:write')
  @Post('resume')
  @HttpCode(200)
  async resume(@RequestTx() tx: Tx, @Body() { reason = null }: ResumeDto): Promise<EngineBrakeDto> {
    return toEngineBrakeResponse(await this.brakeEngine.execute(tx, { paused: false, reason }));
  }
}
