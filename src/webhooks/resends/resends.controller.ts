import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Transactions, type Tx } from '../../platform/database/index.js';
import {
  idOf,
  Merchant,
  type MerchantPrincipal,
  notFound,
  Operation,
  PageQuery,
  RequestTx,
  Scopes,
  toList,
} from '../../platform/http/index.js';
import { idFilter } from '../../platform/ids/index.js';
import { CancelResend } from './cancel-resend.js';
import { CreateResend } from './create-resend.js';
import { ResendListDto, ResendWithCountsDto } from './resend-response.dto.js';
import { CreateResendDto } from './resend.dto.js';
import { ResendQueries, toResendResponse, toResendWithCounts } from './resend.queries.js';

/** Sending many deliveries again, after a receiver has lost what it had. */
@ApiTags('Webhook deliveries')
@Controller('v1')
export class ResendsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: ResendQueries,
    private readonly createResend: CreateResend,
    private readonly cancelResend: CancelResend,
  ) {}

  /**
   * Sends many deliveries again: same ids, same bytes, fresh signatures, in the order of each payout. They go through the same
   * queues as live events, a few of each endpoint at a time, so that those are not crowded out. Disabled endpoints are left out.
   */
  @Operation('createWebhookResend', { refuses: ['endpoint_disabled', 'too_many_resends'], sets: ['Location'] })
  @Post('webhook-deliveries/resend')
  @Scopes('webhooks:write')
  @HttpCode(202)
  async create(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Body() body: CreateResendDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ResendWithCountsDto> {
    const id = await this.createResend.execute(tx, {
      merchantId: merchant.id,
      endpointId: idFilter('endpoint', body.endpoint_id ?? undefined),
      bulkId: idFilter('bulk', body.bulk_id ?? undefined),
      eventType: body.event_type ?? null,
      state: body.status ?? null,
      createdAfter: body.created_after == null ? null : new Date(body.created_after),
      createdBefore: body.created_before == null ? null : new Date(body.created_before),
      all: body.all ?? false,
    });
    const resend = await this.answer(tx, merchant.id, id);
    response.setHeader('Location', `/v1/webhook-resends/${resend.id}`);
    return resend;
  }

  /** All resends, newest first. */
  @Operation('listWebhookResends')
  @Get('webhook-resends')
  @Scopes('webhooks:read')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: PageQuery): Promise<ResendListDto> {
    return toList(
      await this.transactions.asMerchant(merchant.id, (tx) => this.queries.list(tx, merchant.id, query)),
      toResendResponse,
    );
  }

  /** One of them, with what has become of its deliveries. */
  @Operation('getWebhookResend')
  @Get('webhook-resends/:id')
  @Scopes('webhooks:read')
  get(@Merchant() merchant: MerchantPrincipal, @Param('id', idOf('resend')) id: string): Promise<ResendWithCountsDto> {
    return this.transactions.asMerchant(merchant.id, (tx) => this.answer(tx, merchant.id, id));
  }

  /** Lets nothing more go; what is on its way is still sent. Repeating is harmless, and so is cancelling what has finished. */
  @Operation('cancelWebhookResend')
  @Post('webhook-resends/:id/cancel')
  @Scopes('webhooks:write')
  @HttpCode(200)
  async cancel(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('resend')) resendId: string,
  ): Promise<ResendWithCountsDto> {
    await this.cancelResend.execute(tx, { merchantId: merchant.id, resendId });
    return this.answer(tx, merchant.id, resendId);
  }

  private async answer(tx: Tx, merchantId: string, id: string) {
    const resend = await this.queries.find(tx, merchantId, id);
    if (resend === null) throw notFound();
    return toResendWithCounts(resend, await this.queries.counts(tx, id));
  }
}
