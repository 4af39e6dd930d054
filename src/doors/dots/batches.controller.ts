import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Transactions, type Tx } from '../../platform/database/index.js';
import { LargeBody, Merchant, type MerchantPrincipal, Operation, RequestTx, Scopes } from '../../platform/http/index.js';
import { isUuid, toTypeId } from '../../platform/ids/index.js';
import { BatchDto, BatchListDto, BatchResultsDto, CreateBatchDto } from './batch.dto.js';
import { CreateBatch } from './create-batch.js';
import { DotsQueries } from './dots.queries.js';
import { readPage, toPage } from './page.js';
import { uuidIn } from './user-response.js';

/** Batch payouts of Dots v2, as its clients call them. */
@ApiTags('Payout batches')
@Controller('api/v2/payout-batches')
export class DotsBatchesController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: DotsQueries,
    private readonly createBatch: CreateBatch,
  ) {}

  /** Takes a batch, whole or not at all. Its payouts run at once; those that can not be paid fail alone. */
  @Operation('createDotsBatch', { refuses: ['invalid-input', 'idempotency-key-reused', 'resource-busy'] })
  @Post()
  @HttpCode(200)
  @Scopes('bulks:write')
  @LargeBody()
  @ApiBody({ type: CreateBatchDto })
  async create(@RequestTx() tx: Tx, @Merchant() merchant: MerchantPrincipal, @Body() body: unknown): Promise<BatchDto> {
    return this.queries.batch(tx, merchant.id, await this.createBatch.execute(tx, merchant.id, body));
  }

  /** Every batch, newest first. */
  @Operation('listDotsBatches', { refuses: ['invalid-input'] })
  @Get()
  @Scopes('bulks:read')
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 100, default: 100 } })
  @ApiQuery({ name: 'starting_after', required: false, schema: { type: 'string', format: 'uuid' } })
  @ApiQuery({ name: 'ending_before', required: false, schema: { type: 'string', format: 'uuid' } })
  list(@Merchant() merchant: MerchantPrincipal, @Query() query: Readonly<Record<string, unknown>>): Promise<BatchListDto> {
    const page = readPage(query, (id) => (isUuid(id) ? toTypeId('bulk', id) : id));
    return this.transactions.asMerchant(merchant.id, async (tx) =>
      toPage(await this.queries.batches(tx, merchant.id, page), (batch) => batch),
    );
  }

  /** How far a batch is. */
  @Operation('getDotsBatch', { refuses: ['not-found'] })
  @Get(':id')
  @Scopes('bulks:read')
  show(@Merchant() merchant: MerchantPrincipal, @Param('id') id: string): Promise<BatchDto> {
    return this.transactions.asMerchant(merchant.id, (tx) => this.queries.batch(tx, merchant.id, uuidIn(id)));
  }

  /** What became of each item. */
  @Operation('getDotsBatchResults', { refuses: ['not-found'] })
  @Get(':id/results')
  @Scopes('bulks:read')
  @ApiQuery({ name: 'include_request', required: false, schema: { type: 'boolean', default: false } })
  results(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Query() query: Readonly<Record<string, unknown>>,
  ): Promise<BatchResultsDto> {
    const asked = { merchantId: merchant.id, id: uuidIn(id), includesRequest: query['include_request'] === 'true' };
    return this.transactions.asMerchant(merchant.id, (tx) => this.queries.results(tx, asked));
  }
}
