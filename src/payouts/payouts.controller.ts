import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  BulkQueries,
  CancelBulkResponseDto,
  CancelPayouts,
  EditBulk,
  readPayoutPatch,
  toCancelResponse,
} from '../bulks/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import {
  idOf,
  IfMatch,
  Merchant,
  type MerchantPrincipal,
  notFound,
  Operation,
  PageQuery,
  RequestTx,
  Scopes,
  setEtag,
  toList,
} from '../platform/http/index.js';
import { EditPayoutDto, PayoutQuery } from './dto/payout-request.dto.js';
import { AttemptListDto, ExplanationDto, PayoutDto, PayoutListDto } from './dto/payout-response.dto.js';
import { ExplainPayout } from './explain-payout.js';
import { PayoutQueries, type PayoutView, toAttemptResponse } from './payout.queries.js';
import { RetryPayout } from './retry-payout.js';

/** Payouts of the calling merchant, whatever bulk they came with. */
@ApiTags('Payouts')
@Controller('v1')
export class PayoutsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: PayoutQueries,
    private readonly bulks: BulkQueries,
    private readonly editBulk: EditBulk,
    private readonly cancelPayouts: CancelPayouts,
    private readonly retryPayout: RetryPayout,
    private readonly explainPayout: ExplainPayout,
  ) {}

  /** Lists the payouts of one bulk, in the order in which they were sent. */
  @Operation('listBulkPayouts')
  @Get('bulks/:id/payouts')
  @Scopes('bulks:read')
  async listOfBulk(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) id: string,
    @Query() query: PayoutQuery,
  ): Promise<PayoutListDto> {
    const page = await this.transactions.asMerchant(merchant.id, async (tx) => {
      if ((await this.bulks.find(tx, merchant.id, id)) === null) throw notFound();
      return this.queries.listOfBulk(tx, { ...filterOf(merchant, query), bulkId: id }, query);
    });
    return toList(page, (payout) => this.queries.toResponse(payout)) as PayoutListDto;
  }

  /** Lists payouts, newest first; by `reference`, all that ever had it. */
  @Operation('listPayouts')
  @Get('payouts')
  @Scopes('bulks:read')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: PayoutQuery): Promise<PayoutListDto> {
    const page = await this.transactions.asMerchant(merchant.id, (tx) => this.queries.list(tx, filterOf(merchant, query), query));
    return toList(page, (payout) => this.queries.toResponse(payout)) as PayoutListDto;
  }

  /** Reads one payout with its issues and its intent. */
  @Operation('getPayout', { sets: ['ETag'] })
  @Get('payouts/:id')
  @Scopes('bulks:read')
  async get(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PayoutDto> {
    return this.transactions.asMerchant(merchant.id, (tx) => this.answer(tx, { merchantId: merchant.id, id }, response));
  }

  /** Changes one payout; it is validated again. */
  @Operation('editPayout', {
    refuses: ['invalid_field', 'unknown_field', 'immutable_field', 'payout_not_editable'],
    sets: ['ETag'],
  })
  @Patch('payouts/:id')
  @Scopes('bulks:write')
  @ApiBody({ type: EditPayoutDto })
  async edit(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) id: string,
    @IfMatch() ifMatch: number | null,
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PayoutDto> {
    const payout = await this.found(tx, merchant.id, id);
    const items = [readPayoutPatch(payout.reference, body)];
    await this.editBulk.execute(tx, { ...ofBulk(payout), payoutIfMatch: ifMatch, head: {}, controlTotals: null, items });
    return this.answer(tx, { merchantId: merchant.id, id }, response);
  }

  /** Cancels one payout, unless it was claimed before. */
  @Operation('cancelPayout')
  @Post('payouts/:id/cancel')
  @HttpCode(200)
  @Scopes('payouts:cancel')
  async cancel(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) id: string,
    @IfMatch() ifMatch: number | null,
  ): Promise<CancelBulkResponseDto> {
    const payout = await this.found(tx, merchant.id, id);
    const command = { ...ofBulk(payout), references: [payout.reference], payoutIfMatch: ifMatch };
    const results = await this.cancelPayouts.execute(tx, command);
    const bulk = await this.bulks.find(tx, merchant.id, payout.bulk_id);
    if (bulk === null) throw notFound();
    return toCancelResponse(bulk, results);
  }

  /** Tries a payout again that its provider refused for good with a retryable failure: a new attempt, validated again. */
  @Operation('retryPayout', { refuses: ['payout_not_retryable', 'duplicate_reference', 'receiver_erased'], sets: ['ETag'] })
  @Post('payouts/:id/retry')
  @HttpCode(200)
  @Scopes('bulks:write')
  async retry(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) id: string,
    @IfMatch() ifMatch: number | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PayoutDto> {
    const payout = await this.found(tx, merchant.id, id);
    await this.retryPayout.execute(tx, {
      merchantId: merchant.id,
      bulkId: payout.bulk_id,
      payoutId: id,
      reference: payout.reference,
      ifMatch,
    });
    return this.answer(tx, { merchantId: merchant.id, id }, response);
  }

  /** Lists the attempts at one payout, oldest first: what was sent under which key, and what came back. */
  @Operation('listPayoutAttempts')
  @Get('payouts/:id/attempts')
  @Scopes('bulks:read')
  async attempts(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) id: string,
    @Query() query: PageQuery,
  ): Promise<AttemptListDto> {
    const page = await this.transactions.asMerchant(merchant.id, async (tx) => {
      await this.found(tx, merchant.id, id);
      return this.queries.attempts(tx, { merchantId: merchant.id, payoutId: id }, query);
    });
    return toList(page, toAttemptResponse) as AttemptListDto;
  }

  /** Says why a payout is not paid yet. */
  @Operation('explainPayout')
  @Get('payouts/:id/explanation')
  @Scopes('bulks:read')
  async explanation(@Merchant() merchant: MerchantPrincipal, @Param('id', idOf('payout')) id: string): Promise<ExplanationDto> {
    const explanation = await this.transactions.asMerchant(merchant.id, (tx) => this.explainPayout.execute(tx, merchant.id, id));
    if (explanation === null) throw notFound();
    return explanation;
  }

  private async found(tx: Tx, merchantId: string, id: string): Promise<PayoutView> {
    const payout = await this.queries.find(tx, merchantId, id);
    if (payout === null) throw notFound();
    return payout;
  }

  private async answer(tx: Tx, { merchantId, id }: { merchantId: string; id: string }, response: Response): Promise<PayoutDto> {
    const payout = await this.found(tx, merchantId, id);
    setEtag(response, payout.version);
    return this.queries.toResponse(payout);
  }
}

const filterOf = (merchant: MerchantPrincipal, { status, reference }: PayoutQuery) => ({
  merchantId: merchant.id,
  status: status ?? null,
  reference: reference ?? null,
});

/** A change of one payout is a change of its bulk; the version that counts is the payout's. */
const ofBulk = (payout: PayoutView) => ({ merchantId: payout.merchant_id, bulkId: payout.bulk_id, ifMatch: null });
