import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions, type Tx } from '../platform/database/index.js';
import { idOf, notFound, Operation, OperatorRoute, RequestTx, Scopes, toList } from '../platform/http/index.js';
import { idFilter } from '../platform/ids/index.js';
import { AcknowledgeStrayPayment } from './acknowledge-stray-payment.js';
import { AcknowledgeStrayPaymentDto, StrayPaymentDto, StrayPaymentListDto, StrayPaymentQuery } from './dto/stray-payment.dto.js';
import { StrayPaymentQueries, toStrayPaymentResponse } from './stray-payments.queries.js';

/** What was found in the books of providers that contradicts ours. */
@ApiTags('Operator: intents')
@OperatorRoute()
@Controller('v1/operator/stray-payments')
export class StrayPaymentsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: StrayPaymentQueries,
    private readonly acknowledgeStray: AcknowledgeStrayPayment,
  ) {}

  /** Payments in the books of providers that contradict ours, of every connector and merchant. Newest first. */
  @Operation('listStrayPayments')
  @Scopes('read')
  @Get()
  async list(@Query() { connector_id, acknowledged, ...page }: StrayPaymentQuery): Promise<StrayPaymentListDto> {
    const filter = {
      connectorId: idFilter('connector', connector_id),
      acknowledged: acknowledged === undefined ? null : acknowledged === 'true',
    };
    return toList(await this.transactions.asEngine((tx) => this.queries.list(tx, filter, page)), toStrayPaymentResponse);
  }

  /** Says that it has been cleared with the provider. Its connector stays paused until it is resumed, which acknowledges what is left. */
  @Operation('acknowledgeStrayPayment')
  @Scopes('intents:resolve')
  @Post(':id/acknowledge')
  @HttpCode(200)
  async acknowledge(
    @RequestTx() tx: Tx,
    @Param('id', idOf('stray')) id: string,
    @Body() { reason }: AcknowledgeStrayPaymentDto,
  ): Promise<StrayPaymentDto> {
    await this.acknowledgeStray.execute(tx, { id, reason });
    const stray = await this.queries.find(tx, id);
    if (stray === null) throw notFound();
    return toStrayPaymentResponse(stray);
  }
}
