import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Transactions, type Tx } from '../../platform/database/index.js';
import {
  CarriesSecret,
  idOf,
  kernelProblem,
  Merchant,
  type MerchantPrincipal,
  notFound,
  Operation,
  Prepared,
  PreparedBy,
  RequestTx,
  Scopes,
  toList,
} from '../../platform/http/index.js';
import { toInstant } from '../../platform/time/index.js';
import { DeliveryDto } from '../deliveries/delivery-response.dto.js';
import { DeliveryQueries, toDeliveryResponse } from '../deliveries/delivery.queries.js';
import { VetWebhookUrl } from '../egress/vet-webhook-url.js';
import type { UrlRefusal } from '../egress/webhook-url.js';
import { NATIVE_FORMAT } from '../events/body-format.js';
import { CreateEndpoint } from './create-endpoint.js';
import type { CustomHeaders } from './custom-headers.js';
import { DeleteEndpoint } from './delete-endpoint.js';
import { DisableEndpoint } from './disable-endpoint.js';
import { type Backlog, EnableEndpoint } from './enable-endpoint.js';
import { CreatedEndpointDto, EndpointListDto, EndpointWithHealthDto, RotatedEndpointSecretDto } from './endpoint-response.dto.js';
import {
  CreateEndpointDto,
  EnableEndpointDto,
  EndpointQuery,
  RotateEndpointSecretDto,
  UpdateEndpointDto,
} from './endpoint.dto.js';
import { EndpointQueries, toEndpointResponse, toEndpointWithHealth } from './endpoint.queries.js';
import { PingEndpoint } from './ping-endpoint.js';
import { RotateEndpointSecret } from './rotate-endpoint-secret.js';
import { UpdateEndpoint } from './update-endpoint.js';

const NO_HEADERS: CustomHeaders = {};

/** Where events are sent. */
@ApiTags('Webhook endpoints')
@Controller('v1/webhook-endpoints')
export class EndpointsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: EndpointQueries,
    private readonly deliveries: DeliveryQueries,
    private readonly createEndpoint: CreateEndpoint,
    private readonly updateEndpoint: UpdateEndpoint,
    private readonly deleteEndpoint: DeleteEndpoint,
    private readonly rotateEndpointSecret: RotateEndpointSecret,
    private readonly enableEndpoint: EnableEndpoint,
    private readonly disableEndpoint: DisableEndpoint,
    private readonly pingEndpoint: PingEndpoint,
  ) {}

  /** Registers an endpoint. Its secret is shown here only. */
  @Operation('createWebhookEndpoint', { refuses: ['endpoint_url_taken', 'too_many_endpoints'], sets: ['Location'] })
  @Post()
  @Scopes('webhooks:write')
  @CarriesSecret()
  @PreparedBy(VetWebhookUrl)
  async create(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Body() body: CreateEndpointDto,
    @Prepared() refusal: UrlRefusal | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedEndpointDto> {
    const { id, secret } = await this.createEndpoint.execute(tx, {
      merchantId: merchant.id,
      url: body.url,
      format: body.format ?? NATIVE_FORMAT,
      event_types: body.event_types ?? null,
      description: body.description ?? null,
      rate_per_second: body.rate_per_second ?? null,
      headers: body.headers ?? NO_HEADERS,
      asymmetric: body.asymmetric ?? false,
      refusal,
    });
    const endpoint = await this.answer(tx, merchant.id, id);
    response.setHeader('Location', `/v1/webhook-endpoints/${endpoint.id}`);
    return { ...endpoint, secret };
  }

  /** All endpoints, newest first: those registered, and URLs that bulks name. */
  @Operation('listWebhookEndpoints')
  @Get()
  @Scopes('webhooks:read')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: EndpointQuery): Promise<EndpointListDto> {
    const filter = { merchantId: merchant.id, registered: query.registered ?? null };
    return toList(
      await this.transactions.asMerchant(merchant.id, (tx) => this.queries.list(tx, filter, query)),
      toEndpointResponse,
    );
  }

  /** One endpoint. */
  @Operation('getWebhookEndpoint')
  @Get(':id')
  @Scopes('webhooks:read')
  get(@Merchant() merchant: MerchantPrincipal, @Param('id', idOf('endpoint')) id: string): Promise<EndpointWithHealthDto> {
    return this.transactions.asMerchant(merchant.id, (tx) => this.answer(tx, merchant.id, id));
  }

  /** Changes what is given. A changed URL takes what waits along. */
  @Operation('updateWebhookEndpoint', { refuses: ['endpoint_url_taken', 'endpoint_named_by_bulk', 'endpoint_not_registered'] })
  @Patch(':id')
  @Scopes('webhooks:write')
  @PreparedBy(VetWebhookUrl)
  async update(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('endpoint')) endpointId: string,
    @Body() { url, event_types, description, rate_per_second, headers, asymmetric }: UpdateEndpointDto,
    @Prepared() refusal: UrlRefusal | null,
  ): Promise<EndpointWithHealthDto> {
    const changes = {
      ...(url == null ? {} : { url }),
      ...(event_types === undefined ? {} : { event_types }),
      ...(description === undefined ? {} : { description }),
      ...(rate_per_second === undefined ? {} : { rate_per_second }),
      ...(headers === undefined ? {} : { headers: headers ?? NO_HEADERS }),
      ...(asymmetric == null ? {} : { asymmetric }),
    };
    await this.updateEndpoint.execute(tx, { merchantId: merchant.id, endpointId, changes, refusal });
    return this.answer(tx, merchant.id, endpointId);
  }

  /** Ends the registration and drops what waits. Where bulks name the URL, it is still sent to, what waits included. */
  @Operation('deleteWebhookEndpoint', { refuses: ['endpoint_named_by_bulk'] })
  @Delete(':id')
  @Scopes('webhooks:write')
  @HttpCode(204)
  async delete(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('endpoint')) endpointId: string,
  ): Promise<void> {
    await this.deleteEndpoint.execute(tx, { merchantId: merchant.id, endpointId });
  }

  /** Replaces the secret; until the grace ends both sign. The new one is shown here only. */
  @Operation('rotateWebhookEndpointSecret', { refuses: ['endpoint_not_registered', 'too_many_secrets'] })
  @Post(':id/rotate-secret')
  @Scopes('webhooks:write')
  @HttpCode(200)
  @CarriesSecret()
  async rotateSecret(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('endpoint')) endpointId: string,
    @Body() { grace_s }: RotateEndpointSecretDto,
  ): Promise<RotatedEndpointSecretDto> {
    return {
      secret: await this.rotateEndpointSecret.execute(tx, { merchantId: merchant.id, endpointId, grace_s: grace_s ?? null }),
    };
  }

  /** Sends to it again, with all, a part or none of what was held. Ends a pause, too. */
  @Operation('enableWebhookEndpoint')
  @Post(':id/enable')
  @Scopes('webhooks:write')
  @HttpCode(200)
  async enable(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('endpoint')) endpointId: string,
    @Body() body: EnableEndpointDto,
  ): Promise<EndpointWithHealthDto> {
    await this.enableEndpoint.execute(tx, { merchantId: merchant.id, endpointId, backlog: readBacklog(body) });
    return this.answer(tx, merchant.id, endpointId);
  }

  /** Sends nothing any more; events are held until it is enabled. Repeating is harmless. */
  @Operation('disableWebhookEndpoint')
  @Post(':id/disable')
  @Scopes('webhooks:write')
  @HttpCode(200)
  async disable(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('endpoint')) endpointId: string,
  ): Promise<EndpointWithHealthDto> {
    await this.disableEndpoint.execute(tx, { merchantId: merchant.id, endpointId });
    return this.answer(tx, merchant.id, endpointId);
  }

  /** Sends a `webhook.ping` and answers its delivery; read that again to see how it went. */
  @Operation('pingWebhookEndpoint', { refuses: ['endpoint_disabled'] })
  @Post(':id/ping')
  @Scopes('webhooks:write')
  @HttpCode(202)
  async ping(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('endpoint')) endpointId: string,
  ): Promise<DeliveryDto> {
    const deliveryId = await this.pingEndpoint.execute(tx, { merchantId: merchant.id, endpointId });
    const delivery = await this.deliveries.find(tx, merchant.id, deliveryId);
    if (delivery === null) throw notFound();
    return toDeliveryResponse(delivery);
  }

  private async answer(tx: Tx, merchantId: string, id: string) {
    const endpoint = await this.queries.find(tx, merchantId, id);
    if (endpoint === null) throw notFound();
    return toEndpointWithHealth(endpoint, await this.queries.health(tx, id));
  }
}

/** @throws `invalid_field` where `from` and `backlog` do not fit together. */
function readBacklog({ backlog, from }: EnableEndpointDto): Backlog {
  if ((backlog === 'from') !== (from != null)) throw invalidFrom('Send `from` with backlog "from", and only then.');
  if (from == null) return { kind: backlog === 'drop' ? 'drop' : 'all' };
  const read = toInstant(from, 'UTC');
  if ('fault' in read || read.form !== 'instant') throw invalidFrom('Give an RFC 3339 instant, such as 2026-11-21T12:00:00Z.');
  return { kind: 'from', from: read.instant };
}

const invalidFrom = (detail: string) =>
  kernelProblem('invalid_field', 'One field is not as it has to be; see errors.', {
    errors: [{ pointer: '/from', code: 'invalid_field', detail }],
  });
