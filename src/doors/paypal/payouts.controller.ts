import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions, type Tx } from '../../platform/database/index.js';
import {
  type HttpRequest,
  LargeBody,
  Merchant,
  type MerchantPrincipal,
  Operation,
  Prepared,
  PreparedBy,
  RequestTx,
  Scopes,
} from '../../platform/http/index.js';
import { hostOf } from '../host.js';
import { PAGE_SIZE_MAX, readBatchQuery } from './batch-query.js';
import { batchHref } from './batch-response.js';
import { BatchDto, ItemDto } from './batch.dto.js';
import { CancelItem, type Cancellation } from './cancel-item.js';
import { CreateBatchDto } from './create-batch.dto.js';
import { CreateBatch } from './create-batch.js';
import { ErrorDto } from './error.dto.js';
import { linkTo, PaypalRefusal, type RefusalName } from './paypal-refusal.js';
import { PaypalQueries } from './paypal.queries.js';
import { refuseByNote, simulatedBatch, simulatedCancellation } from './sandbox-values.js';
import type { TransactionStatus } from './transaction-status.js';

/** PayPal Payouts v1, as clients of PayPal call it. */
@ApiTags('Payouts')
@ApiExtraModels(ErrorDto)
@Controller('v1/payments')
export class PaypalPayoutsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: PaypalQueries,
    private readonly createBatch: CreateBatch,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Takes a batch, whole or not at all. Its payouts run at once. */
  @Operation('createPaypalBatch', {
    refuses: [
      'VALIDATION_ERROR',
      'USER_BUSINESS_ERROR',
      'SYNC_MODE_NOT_APPLICABLE',
      'SENDER_EMAIL_UNCONFIRMED',
      'AUTHORIZATION_ERROR',
      'REQUEST_TIMED_OUT',
      'INSUFFICIENT_FUNDS',
      'NON_HOLDING_CURRENCY',
    ],
  })
  @Post('payouts')
  @ApiBody({ type: CreateBatchDto })
  @ApiQuery({ name: 'sync_mode', required: false, schema: { type: 'boolean' } })
  @HttpCode(201)
  @Scopes('bulks:write')
  @LargeBody()
  async create(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Body() body: unknown,
    @Query() query: Readonly<Record<string, unknown>>,
    @Req() request: HttpRequest,
  ): Promise<BatchDto> {
    if (query['sync_mode'] === 'true') throw new PaypalRefusal('SYNC_MODE_NOT_APPLICABLE');
    if (this.configuration.sandbox) refuseByNote(body);
    const host = hostOf(request, this.configuration);
    const header = await this.createBatch.execute(tx, { merchantId: merchant.id, body, host });
    return { batch_header: header, links: [linkTo(batchHref(host, header.payout_batch_id))] };
  }

  /** A batch and, page by page, its items. */
  @Operation('getPaypalBatch', { refuses: ['VALIDATION_ERROR', 'INVALID_RESOURCE_ID'] })
  @Get('payouts/:id')
  @Scopes('bulks:read')
  @ApiQuery({ name: 'page', required: false, schema: { type: 'integer', minimum: 1, default: 1 } })
  @ApiQuery({
    name: 'page_size',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: PAGE_SIZE_MAX, default: 1000 },
  })
  @ApiQuery({ name: 'total_required', required: false, schema: { type: 'boolean', default: false } })
  @ApiQuery({ name: 'fields', required: false, schema: { type: 'string', examples: ['batch_header'] } })
  async showBatch(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Query() query: Readonly<Record<string, unknown>>,
    @Req() request: HttpRequest,
  ): Promise<BatchDto> {
    const host = hostOf(request, this.configuration);
    const simulated = this.configuration.sandbox ? simulatedBatch(id, host) : null;
    if (simulated !== null) return simulated;
    const part = readBatchQuery(query);
    return this.transactions.asMerchant(merchant.id, (tx) => this.queries.batch(tx, { merchantId: merchant.id, id, host }, part));
  }

  /** One item, and how far it is. */
  @Operation('getPaypalItem', { refuses: ['VALIDATION_ERROR', 'INVALID_RESOURCE_ID'] })
  @Get('payouts-item/:id')
  @Scopes('bulks:read')
  async showItem(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Req() request: HttpRequest,
  ): Promise<ItemDto> {
    const asked = { merchantId: merchant.id, id, host: hostOf(request, this.configuration) };
    return this.transactions.asMerchant(merchant.id, (tx) => this.queries.item(tx, asked));
  }

  /** Takes an item back that nobody has claimed yet. */
  @Operation('cancelPaypalItem', {
    refuses: [
      'VALIDATION_ERROR',
      'BATCH_NOT_COMPLETED',
      'ITEM_ALREADY_CANCELLED',
      'ITEM_CANCELLATION_FAILED',
      'ITEM_INCORRECT_STATUS',
      'INVALID_RESOURCE_ID',
    ],
  })
  @Post('payouts-item/:id/cancel')
  @HttpCode(200)
  @Scopes('payouts:cancel')
  @PreparedBy(CancelItem)
  async cancel(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Prepared() { intentStatus, outcome }: Cancellation,
    @Req() request: HttpRequest,
  ): Promise<ItemDto> {
    const simulated = this.configuration.sandbox ? simulatedCancellation(id) : null;
    if (simulated !== null) return simulated;
    const item = await this.queries.item(tx, { merchantId: merchant.id, id, host: hostOf(request, this.configuration) });
    const returned = item.transaction_status === 'RETURNED' && intentStatus === 'unclaimed';
    const changes = returned ? [{ field: 'intent', before: intentStatus, after: 'returned' }] : [];
    tx.note({ changes, subject: `payout_${item.payout_item_id}` });
    if (returned) return item;
    throw new PaypalRefusal(outcome === 'unavailable' ? 'SERVICE_UNAVAILABLE' : whyNotCancelled(item.transaction_status));
  }
}

function whyNotCancelled(status: TransactionStatus): RefusalName {
  switch (status) {
    case 'RETURNED':
      return 'ITEM_ALREADY_CANCELLED';
    case 'PENDING':
    case 'ONHOLD':
      return 'BATCH_NOT_COMPLETED';
    case 'UNCLAIMED':
      return 'ITEM_CANCELLATION_FAILED';
    case 'SUCCESS':
    case 'FAILED':
      return 'ITEM_INCORRECT_STATUS';
  }
}
