import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Transactions, Tx } from '../platform/database/index.js';
import {
  CarriesSecret,
  idOf,
  notFound,
  Operation,
  OperatorRoute,
  PageQuery,
  RequestTx,
  Scopes,
  toList,
} from '../platform/http/index.js';
import { BrakeMerchant } from './brake-merchant.js';
import { CreateApiKey } from './create-api-key.js';
import { CreateMerchant } from './create-merchant.js';
import { ApiKeyListDto, CreateApiKeyDto, CreatedApiKeyDto } from './dto/api-key.dto.js';
import { CreatedMerchantDto, CreateMerchantDto, MerchantDto, MerchantListDto, UpdateMerchantDto } from './dto/merchant.dto.js';
import { PauseDto, ResumeDto } from './dto/pause.dto.js';
import { RotatedWebhookSecretDto, RotateWebhookSecretDto } from './dto/webhook-secret.dto.js';
import {
  toApiKeyResponse,
  toCreatedApiKeyResponse,
  toCreatedMerchantResponse,
  toMerchantResponse,
} from './merchant-responses.js';
import { MerchantQueries } from './merchant.queries.js';
import { RevokeApiKey } from './revoke-api-key.js';
import { RotateWebhookSecret } from './rotate-webhook-secret.js';
import { UpdateMerchant } from './update-merchant.js';

/** A day: long enough for every receiver to be given the new secret in working hours. */
const GRACE_DEFAULT_S = 86_400;

@ApiTags('Operator: merchants')
@OperatorRoute()
@Controller('v1/operator/merchants')
export class OperatorMerchantsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: MerchantQueries,
    private readonly createMerchant: CreateMerchant,
    private readonly updateMerchant: UpdateMerchant,
    private readonly createApiKey: CreateApiKey,
    private readonly revokeApiKey: RevokeApiKey,
    private readonly rotateWebhookSecret: RotateWebhookSecret,
    private readonly brakeMerchant: BrakeMerchant,
  ) {}

  /** Makes a merchant with its first API key and its webhook signing secret, which are shown here only. */
  @Operation('createMerchant', { sets: ['Location'] })
  @Scopes('merchants:write')
  @Post()
  @CarriesSecret()
  async create(
    @RequestTx() tx: Tx,
    @Body() body: CreateMerchantDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedMerchantDto> {
    const { name, timezone, connector_id: connectorId, limits } = body;
    const created = toCreatedMerchantResponse(await this.createMerchant.execute(tx, { name, timezone, connectorId, limits }));
    response.setHeader('Location', `/v1/operator/merchants/${created.id}`);
    return created;
  }

  /** All merchants, newest first. */
  @Operation('listMerchants')
  @Scopes('read')
  @Get()
  async list(@Query() page: PageQuery): Promise<MerchantListDto> {
    return toList(await this.transactions.asEngine((tx) => this.queries.list(tx, page)), toMerchantResponse);
  }

  /** One merchant. */
  @Operation('getMerchant')
  @Scopes('read')
  @Get(':id')
  async get(@Param('id', idOf('merchant')) id: string): Promise<MerchantDto> {
    const merchant = await this.transactions.asEngine((tx) => this.queries.find(tx, id));
    if (merchant === null) throw notFound();
    return toMerchantResponse(merchant);
  }

  /** Changes what is given. Payouts that are already judged keep their judgement and their route. */
  @Operation('updateMerchant')
  @Scopes('merchants:write')
  @Patch(':id')
  async update(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) id: string,
    @Body() body: UpdateMerchantDto,
  ): Promise<MerchantDto> {
    const { name, timezone, connector_id: connectorId, limits } = body;
    return toMerchantResponse(await this.updateMerchant.execute(tx, { merchantId: id, name, timezone, connectorId, limits }));
  }

  /** Makes a further key, which is shown here only. */
  @Operation('createApiKey')
  @Scopes('keys:write')
  @Post(':id/api-keys')
  @CarriesSecret()
  async createKey(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) merchantId: string,
    @Body() body: CreateApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    const { name = null, scopes = null, expires_at: expiresAt = null } = body;
    return toCreatedApiKeyResponse(await this.createApiKey.execute(tx, { merchantId, name, scopes, expiresAt }));
  }

  /** The merchant's keys without their secrets, newest first, revoked and expired ones too. */
  @Operation('listApiKeys')
  @Scopes('read')
  @Get(':id/api-keys')
  async listKeys(@Param('id', idOf('merchant')) merchantId: string, @Query() page: PageQuery): Promise<ApiKeyListDto> {
    const keys = await this.transactions.asEngine(async (tx) => {
      if ((await this.queries.find(tx, merchantId)) === null) throw notFound();
      return this.queries.keysOf(tx, merchantId, page);
    });
    return toList(keys, toApiKeyResponse);
  }

  /** Revokes a key: within 5 seconds no process takes it any more. Repeating is harmless. */
  @Operation('revokeApiKey')
  @Scopes('keys:write')
  @Delete(':id/api-keys/:key_id')
  @HttpCode(204)
  async revokeKey(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) merchantId: string,
    @Param('key_id', idOf('key')) keyId: string,
  ): Promise<void> {
    await this.revokeApiKey.execute(tx, { merchantId, keyId });
  }

  /** Replaces the webhook signing secret; until the grace ends both sign. The new one is shown here only. */
  @Operation('rotateWebhookSecret')
  @Scopes('merchants:write')
  @Post(':id/rotate-webhook-secret')
  @HttpCode(200)
  @CarriesSecret()
  async rotateSecret(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) merchantId: string,
    @Body() { grace_s }: RotateWebhookSecretDto,
  ): Promise<RotatedWebhookSecretDto> {
    const secret = await this.rotateWebhookSecret.execute(tx, { merchantId, grace_s: grace_s ?? GRACE_DEFAULT_S });
    return { webhook_signing_secret: secret };
  }

  /** No payout of this merchant is claimed until it is resumed. What was claimed before goes on. */
  @Operation('pauseMerchant')
  @Scopes('brakes:write')
  @Post(':id/pause')
  @HttpCode(200)
  async pause(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) merchantId: string,
    @Body() { reason }: PauseDto,
  ): Promise<MerchantDto> {
    return toMerchantResponse(await this.brakeMerchant.execute(tx, { merchantId, brake: { paused: true, reason } }));
  }

  /** Lets the merchant go on; overdue payouts run at once. */
  @Operation('resumeMerchant')
  @Scopes('brakes:write')
  @Post(':id/resume')
  @HttpCode(200)
  async resume(
    @RequestTx() tx: Tx,
    @Param('id', idOf('merchant')) merchantId: string,
    @Body() { reason = null }: ResumeDto,
  ): Promise<MerchantDto> {
    return toMerchantResponse(await this.brakeMerchant.execute(tx, { merchantId, brake: { paused: false, reason } }));
  }
}
