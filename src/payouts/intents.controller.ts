import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Tx } from '../platform/database/index.js';
import { idOf, notFound, Operation, OperatorRoute, RequestTx } from '../platform/http/index.js';
import { ResolveIntentDto } from './dto/payout-request.dto.js';
import { PayoutDto } from './dto/payout-response.dto.js';
import { PayoutQueries } from './payout.queries.js';
import { ResolveIntent } from './resolve-intent.js';

/** What the operator decides about intents. */
@ApiTags('Operator: intents')
@Controller('v1/operator/intents')
@OperatorRoute()
export class IntentsController {
  constructor(
    private readonly resolveIntent: ResolveIntent,
    private readonly queries: PayoutQueries,
  ) {}

  /** Settles an intent in needs_review by hand, with the reason kept at its attempt. */
  @Operation('resolveIntent', { refuses: ['intent_not_in_review'] })
  @Post(':id/resolve')
  @HttpCode(200)
  async resolve(
    @RequestTx() tx: Tx,
    @Param('id', idOf('intent')) id: string,
    @Body() body: ResolveIntentDto,
  ): Promise<PayoutDto> {
    const payoutId = await this.resolveIntent.execute(tx, { intentId: id, status: body.status, reason: body.reason });
    const payout = await this.queries.findForOperator(tx, payoutId);
    if (payout === null) throw notFound();
    return this.queries.toResponse(payout);
  }
}
