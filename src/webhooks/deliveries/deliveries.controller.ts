import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions, type Tx } from '../../platform/database/index.js';
import {
  idOf,
  Merchant,
  type MerchantPrincipal,
  notFound,
  Operation,
  RequestTx,
  Scopes,
  toList,
} from '../../platform/http/index.js';
import { idFilter } from '../../platform/ids/index.js';
import { ResendDelivery } from '../resends/resend-delivery.js';
import { DeliveryQuery } from './delivery-query.dto.js';
import { DeliveryDto, DeliveryListDto, DeliveryWithAttemptsDto } from './delivery-response.dto.js';
import { DeliveryQueries, toDeliveryResponse, toDeliveryWithAttempts } from './delivery.queries.js';

/** How each event fared on its way to each endpoint. */
@ApiTags('Webhook deliveries')
@Controller('v1/webhook-deliveries')
export class DeliveriesController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: DeliveryQueries,
    private readonly resendDelivery: ResendDelivery,
  ) {}

  /** All deliveries, newest first. */
  @Operation('listWebhookDeliveries')
  @Get()
  @Scopes('webhooks:read')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: DeliveryQuery): Promise<DeliveryListDto> {
    const filter = {
      merchantId: merchant.id,
      endpointId: idFilter('endpoint', query.endpoint_id),
      bulkId: idFilter('bulk', query.bulk_id),
      payoutId: idFilter('payout', query.payout_id),
      status: query.status ?? null,
      type: query.event_type ?? null,
      resendId: idFilter('resend', query.resend_id),
      createdAfter: query.created_after === undefined ? null : new Date(query.created_after),
      createdBefore: query.created_before === undefined ? null : new Date(query.created_before),
    };
    return toList(
      await this.transactions.asMerchant(merchant.id, (tx) => this.queries.list(tx, filter, query)),
      toDeliveryResponse,
    );
  }

  /** One delivery with its attempts. */
  @Operation('getWebhookDelivery')
  @Get(':id')
  @Scopes('webhooks:read')
  get(@Merchant() merchant: MerchantPrincipal, @Param('id', idOf('delivery')) id: string): Promise<DeliveryWithAttemptsDto> {
    return this.transactions.asMerchant(merchant.id, async (tx) => {
      const delivery = await this.queries.find(tx, merchant.id, id);
      if (delivery === null) throw notFound();
      return toDeliveryWithAttempts(delivery, await this.queries.attempts(tx, id));
    });
  }

  /** Sends it again, or sooner, with a fresh schedule: same id, same bytes. */
  @Operation('resendWebhookDelivery', { refuses: ['endpoint_disabled'] })
  @Post(':id/resend')
  @Scopes('webhooks:write')
  @HttpCode(202)
  async resend(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('delivery')) deliveryId: string,
  ): Promise<DeliveryDto> {
    await this.resendDelivery.execute(tx, { merchantId: merchant.id, deliveryId });
    const delivery = await this.queries.find(tx, merchant.id, deliveryId);
    if (delivery === null) throw notFound();
    return toDeliveryResponse(delivery);
  }
}
