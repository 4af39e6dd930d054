import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Transactions, type Tx } from '../platform/database/index.js';
import {
  idOf,
  IfMatch,
  LargeBody,
  Merchant,
  type MerchantPrincipal,
  notFound,
  Operation,
  Prepared,
  PreparedBy,
  RequestTx,
  Scopes,
  setEtag,
  toList,
} from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { type UrlRefusal, VetWebhookUrl } from '../webhooks/index.js';
import { toCreateCommand, toEditCommand } from './bulk-commands.js';
import { BulkQueries, type BulkView, toBulkResponse, toCancelResponse } from './bulk.queries.js';
import { CancelPayouts } from './cancel-payouts.js';
import { CreateBulk } from './create-bulk.js';
import { BulkQuery } from './dto/bulk-query.dto.js';
import { BulkDto, BulkListDto, CancelBulkResponseDto } from './dto/bulk-response.dto.js';
import { CancelBulkDto } from './dto/cancel-bulk.dto.js';
import { CreateBulkDto } from './dto/create-bulk.dto.js';
import { EditBulkDto } from './dto/edit-bulk.dto.js';
import { EditBulk } from './edit-bulk.js';
import { PauseBulk, type PauseBulkCommand } from './pause-bulk.js';

/** Bulks of the calling merchant. */
@ApiTags('Bulks')
@Controller('v1/bulks')
export class BulksController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: BulkQueries,
    private readonly createBulk: CreateBulk,
    private readonly editBulk: EditBulk,
    private readonly cancelPayouts: CancelPayouts,
    private readonly pauseBulk: PauseBulk,
  ) {}

  /** Accepts a bulk of payouts: durable before the answer, validated afterwards. */
  @Operation('createBulk', {
    refuses: [
      'too_few_items',
      'too_many_items',
      'invalid_reference',
      'repeated_reference',
      'limit_reached',
      'bulk_over_limit',
      'control_totals_mismatch',
      'bulk_reference_taken',
    ],
    sets: ['Location', 'ETag'],
  })
  @Post()
  @Scopes('bulks:write')
  @LargeBody()
  @PreparedBy(VetWebhookUrl)
  async create(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Body() body: CreateBulkDto,
    @Prepared() refusal: UrlRefusal | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BulkDto> {
    const id = await this.createBulk.execute(tx, toCreateCommand(merchant.id, body, refusal));
    response.setHeader('Location', `/v1/bulks/${toTypeId('bulk', id)}`);
    return this.answer(tx, { merchantId: merchant.id, id }, response);
  }

  /** Lists bulks, newest first. */
  @Operation('listBulks')
  @Get()
  @Scopes('bulks:read')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: BulkQuery): Promise<BulkListDto> {
    const filter = {
      merchantId: merchant.id,
      status: query.status ?? null,
      reference: query.reference ?? null,
      createdAfter: query.created_after === undefined ? null : new Date(query.created_after),
      createdBefore: query.created_before === undefined ? null : new Date(query.created_before),
    };
    const page = await this.transactions.asMerchant(merchant.id, (tx) => this.queries.list(tx, filter, query));
    return toList(page, toBulkResponse) as BulkListDto;
  }

  /** Reads one bulk with the counts of its payouts. */
  @Operation('getBulk', { sets: ['ETag'] })
  @Get(':id')
  @Scopes('bulks:read')
  async get(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BulkDto> {
    return this.transactions.asMerchant(merchant.id, (tx) => this.answer(tx, { merchantId: merchant.id, id }, response));
  }

  /** Changes the bulk and some of its payouts, all or nothing; edited payouts are validated again. */
  @Operation('editBulk', {
    refuses: [
      'invalid_reference',
      'repeated_reference',
      'unknown_reference',
      'immutable_field',
      'payout_not_editable',
      'control_totals_mismatch',
    ],
    sets: ['ETag'],
  })
  @Patch(':id')
  @Scopes('bulks:write')
  @LargeBody()
  @PreparedBy(VetWebhookUrl)
  async edit(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) id: string,
    @IfMatch() ifMatch: number | null,
    @Body() body: EditBulkDto,
    @Prepared() refusal: UrlRefusal | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BulkDto> {
    await this.editBulk.execute(tx, toEditCommand({ merchantId: merchant.id, bulkId: id, ifMatch, refusal }, body));
    return this.answer(tx, { merchantId: merchant.id, id }, response);
  }

  /** Cancels all payouts of the bulk, or those named; says honestly for each what became of it. */
  @Operation('cancelBulk', { refuses: ['too_few_references', 'unknown_reference'], sets: ['ETag'] })
  @Post(':id/cancel')
  @HttpCode(200)
  @Scopes('payouts:cancel')
  @LargeBody()
  async cancel(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) id: string,
    @IfMatch() ifMatch: number | null,
    @Body() body: CancelBulkDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CancelBulkResponseDto> {
    const command = { merchantId: merchant.id, bulkId: id, references: body.references ?? null, ifMatch };
    const results = await this.cancelPayouts.execute(tx, command);
    const bulk = await this.found(tx, merchant.id, id);
    setEtag(response, bulk.version);
    return toCancelResponse(bulk, results);
  }

  /** No payout of a paused bulk is claimed. */
  @Operation('pauseBulk', { sets: ['ETag'] })
  @Post(':id/pause')
  @HttpCode(200)
  @Scopes('bulks:write')
  async pause(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) id: string,
    @IfMatch() ifMatch: number | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BulkDto> {
    return this.brake(tx, { merchantId: merchant.id, bulkId: id, ifMatch, pause: true }, response);
  }

  /** Lets a paused bulk go on; overdue payouts run at once. */
  @Operation('resumeBulk', { sets: ['ETag'] })
  @Post(':id/resume')
  @HttpCode(200)
  @Scopes('bulks:write')
  async resume(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) id: string,
    @IfMatch() ifMatch: number | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BulkDto> {
    return this.brake(tx, { merchantId: merchant.id, bulkId: id, ifMatch, pause: false }, response);
  }

  private async brake(tx: Tx, command: PauseBulkCommand, response: Response): Promise<BulkDto> {
    await this.pauseBulk.execute(tx, command);
    return this.answer(tx, { merchantId: command.merchantId, id: command.bulkId }, response);
  }

  private async found(tx: Tx, merchantId: string, id: string): Promise<BulkView> {
    const bulk = await this.queries.find(tx, merchantId, id);
    if (bulk === null) throw notFound();
    return bulk;
  }

  private async answer(tx: Tx, { merchantId, id }: { merchantId: string; id: string }, response: Response): Promise<BulkDto> {
    const bulk = await this.found(tx, merchantId, id);
    setEtag(response, bulk.version);
    return toBulkResponse(bulk);
  }
}
