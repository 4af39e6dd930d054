import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions, Tx } from '../platform/database/index.js';
import {
  CarriesSecret,
  idOf,
  Operation,
  Operator,
  type OperatorPrincipal,
  OperatorRoute,
  PageQuery,
  RequestTx,
  Scopes,
  toList,
} from '../platform/http/index.js';
import { CreateOperatorKey } from './create-operator-key.js';
import { CreatedOperatorKeyDto, CreateOperatorKeyDto, OperatorKeyListDto } from './dto/api-key.dto.js';
import { toCreatedOperatorKeyResponse, toOperatorKeyResponse } from './merchant-responses.js';
import { MerchantQueries } from './merchant.queries.js';
import { RevokeApiKey } from './revoke-api-key.js';

@ApiTags('Operator: keys')
@OperatorRoute()
@Controller('v1/operator/keys')
export class OperatorKeysController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: MerchantQueries,
    private readonly createOperatorKey: CreateOperatorKey,
    private readonly revokeApiKey: RevokeApiKey,
  ) {}

  /** Makes an operator's key, which is shown here only. It may do no more than the key that makes it. */
  @Operation('createOperatorKey')
  @Scopes('keys:write')
  @Post()
  @CarriesSecret()
  async create(
    @RequestTx() tx: Tx,
    @Operator() maker: OperatorPrincipal,
    @Body() body: CreateOperatorKeyDto,
  ): Promise<CreatedOperatorKeyDto> {
    const { name = null, scopes = null, expires_at: expiresAt = null } = body;
    return toCreatedOperatorKeyResponse(await this.createOperatorKey.execute(tx, { maker, name, scopes, expiresAt }));
  }

  /** The operators' keys without their secrets, newest first, revoked and expired ones too. `OPERATOR_KEY` is none of them. */
  @Operation('listOperatorKeys')
  @Scopes('read')
  @Get()
  async list(@Query() page: PageQuery): Promise<OperatorKeyListDto> {
    return toList(await this.transactions.asEngine((tx) => this.queries.operatorKeys(tx, page)), toOperatorKeyResponse);
  }

  /** Revokes a key: within 5 seconds no process takes it any more. Repeating is harmless. */
  @Operation('revokeOperatorKey')
  @Scopes('keys:write')
  @Delete(':key_id')
  @HttpCode(204)
  async revoke(@RequestTx() tx: Tx, @Param('key_id', idOf('key')) keyId: string): Promise<void> {
    await this.revokeApiKey.execute(tx, { merchantId: null, keyId });
  }
}
