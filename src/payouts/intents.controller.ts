import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions, type Tx } from '../platform/database/index.js';
import { idOf, notFound, Operation, OperatorRoute, RequestTx, Scopes, toList } from '../platform/http/index.js';
import { idFilter } from '../platform/ids/index.js';
import { ResolveIntentDto } from './dto/payout-request.dto.js';
import { PayoutDto } from './dto/payout-response.dto.js';
import { UnclearIntentListDto, UnclearIntentQuery } from './dto/unclear-intent.dto.js';
import { PayoutQueries } from './payout.queries.js';
import { ResolveIntent } from './resolve-intent.js';
import { toUnclearIntentResponse, UnclearIntentQueries } from './unclear-intents.queries.js';

/** What the operator decides about intents. */
@ApiTags('Operator: intents')
@Controller('v1/operator/intents')
@OperatorRoute()
export class IntentsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly unclear: UnclearIntentQueries,
    private readonly resolveIntent: ResolveIntent,
    private readonly queries: PayoutQueries,
  ) {}

  /** Intents of every merchant whose outcome is not known: `needs_review` waits for you, `unknown` is being asked for. Newest first. */
  @Operation('listUnclearIntents')
  @Scopes('read')
  @Get()
  async list(@Query() { status, connector_id, ...page }: UnclearIntentQuery): Promise<UnclearIntentListDto> {
    const filter = { status: status ?? null, connectorId: idFilter('connector', connector_id) };
    return toList(await this.transactions.asEngine((tx) => this.unclear.list(tx, filter, page)), toUnclearIntentResponse);
  }

  /** Settles an intent in needs_review by hand, with the reason kept at its attempt. */
  @Operation('resolveIntent', { refuses: ['intent_not_in_review'] })
  @Scopes('intents:resolve')
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
