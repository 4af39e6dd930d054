import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions, type Tx } from '../platform/database/index.js';
import { Operation, OperatorRoute, RequestTx, Scopes } from '../platform/http/index.js';
import { formatInstant } from '../platform/time/index.js';
import { LiftQuarantineDto, QuarantineDto } from './dto/quarantine.dto.js';
import { Quarantine, type QuarantineFacts } from './quarantine.js';
import { reconciliationProblem } from './reconciliation.problems.js';

/** Sending after a restore that may have lost commits: see `QUARANTINE`. */
@ApiTags('Operator: engine')
@OperatorRoute()
@Controller('v1/operator/quarantine')
export class QuarantineController {
  constructor(
    private readonly transactions: Transactions,
    private readonly quarantine: Quarantine,
  ) {}

  /** Whether sending is off, and what it waits for. */
  @Operation('getQuarantine')
  @Scopes('read')
  @Get()
  async get(): Promise<QuarantineDto> {
    return toQuarantineResponse(await this.transactions.asEngine((tx) => this.quarantine.find(tx)));
  }

  /** Lets sending begin although the comparison has not matched. It ends by itself where it has. */
  @Operation('liftQuarantine', { refuses: ['not_in_quarantine'] })
  @Scopes('brakes:write')
  @Post('lift')
  @HttpCode(200)
  async lift(@RequestTx() tx: Tx, @Body() { reason }: LiftQuarantineDto): Promise<QuarantineDto> {
    if (!(await this.quarantine.liftByHand(tx, reason))) throw reconciliationProblem('not_in_quarantine', 'Sending is on.');
    tx.note({ changes: [{ field: 'reason', before: null, after: reason }] });
    return toQuarantineResponse(null);
  }
}

const toQuarantineResponse = (facts: QuarantineFacts | null): QuarantineDto => ({
  object: 'quarantine',
  active: facts !== null,
  since: facts === null ? null : formatInstant(facts.since),
  detail: facts?.detail ?? null,
});
