import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CancelPayoutLink, PayoutLinkQueries } from '../../payout-links/index.js';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions, type Tx } from '../../platform/database/index.js';
import { type HttpRequest, Merchant, type MerchantPrincipal, Operation, RequestTx, Scopes } from '../../platform/http/index.js';
import { hostOf } from '../host.js';
import { DotsRefusal, notFound } from './dots-refusal.js';
import { toPayoutLink } from './payout-link-response.js';
import { PayoutLinkDto, SendPayoutDto } from './payout-link.dto.js';
import { SendPayout } from './send-payout.js';
import { uuidIn } from './user-response.js';

/** Payouts to people whose account is not known, as clients of Dots v2 ask for them. */
@ApiTags('Payout links')
@Controller('api/v2')
export class DotsPayoutLinksController {
  constructor(
    private readonly transactions: Transactions,
    private readonly links: PayoutLinkQueries,
    private readonly sendPayout: SendPayout,
    private readonly cancelLink: CancelPayoutLink,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Pays a user who has a payout method, and makes a link for anybody else. */
  @Operation('sendDotsPayout', { refuses: ['invalid-input', 'not-found', 'idempotency-key-reused', 'resource-busy'] })
  @Post('payouts/send-payout')
  @HttpCode(201)
  @Scopes('bulks:write')
  @ApiBody({ type: SendPayoutDto })
  @ApiCreatedResponse({ type: PayoutLinkDto })
  async send(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Body() body: unknown,
    @Req() request: HttpRequest,
  ): Promise<PayoutLinkDto> {
    const id = await this.sendPayout.execute(tx, merchant.id, body);
    return this.shown(tx, { merchantId: merchant.id, id, request });
  }

  /** How far a link is. */
  @Operation('getDotsPayoutLink', { refuses: ['invalid-input', 'not-found'] })
  @Get('payout-links/:id')
  @Scopes('bulks:read')
  show(@Merchant() merchant: MerchantPrincipal, @Param('id') id: string, @Req() request: HttpRequest): Promise<PayoutLinkDto> {
    const asked = { merchantId: merchant.id, id: uuidIn(id), request };
    return this.transactions.asMerchant(merchant.id, (tx) => this.shown(tx, asked));
  }

  /** Takes a link back that nobody has claimed. */
  @Operation('cancelDotsPayoutLink', { refuses: ['invalid-input', 'not-found', 'invalid-transaction'] })
  @Delete('payout-links/:id')
  @Scopes('payouts:cancel')
  @ApiOkResponse({ type: PayoutLinkDto })
  async cancel(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Req() request: HttpRequest,
  ): Promise<PayoutLinkDto> {
    await this.cancelLink.execute(tx, merchant.id, uuidIn(id));
    const link = await this.shown(tx, { merchantId: merchant.id, id: uuidIn(id), request });
    if (link.status === 'claimed') throw new DotsRefusal('invalid-transaction', 'The link was claimed: its payout is under way.');
    return link;
  }

  private async shown(
    tx: Tx,
    { merchantId, id, request }: { merchantId: string; id: string; request: HttpRequest },
  ): Promise<PayoutLinkDto> {
    const link = await this.links.find(tx, merchantId, id);
    if (link === null) throw notFound();
    return toPayoutLink(link, hostOf(request, this.configuration) + this.links.pathOf(link));
  }
}
