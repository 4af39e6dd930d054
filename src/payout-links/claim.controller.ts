import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Transactions, type Tx } from '../platform/database/index.js';
import { FormBody, Guest, type GuestPrincipal, GuestRoute, Operation, RequestTx, unauthorized } from '../platform/http/index.js';
import { checkForm, errorsOf, type FormErrors, readForm, receiverOfForm } from './claim-form.js';
import { claimedPage, claimPage } from './claim-page.js';
import { ClaimPayoutLink } from './claim-payout-link.js';
import { FormRefused } from './page.dialect.js';
import type { PayoutLink } from './payout-link.js';
import { PayoutLinkQueries } from './payout-link.queries.js';

/** The page behind a payout link, for people: no client program calls it, so no API document has it. */
@ApiExcludeController()
@GuestRoute()
@Controller('pay/:token')
export class ClaimController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: PayoutLinkQueries,
    private readonly claim: ClaimPayoutLink,
  ) {}

  /** The form. Whoever only looks, as the preview of a messenger does, uses nothing up. */
  @Operation('showPayoutLink')
  @Get()
  show(@Guest() guest: GuestPrincipal): Promise<string> {
    return this.transactions.asMerchant(guest.merchantId, async (tx) => claimPage(await this.linkOf(tx, guest)));
  }

  /** Claims the link with what was filled in. */
  @Operation('claimPayoutLink')
  @Post()
  @HttpCode(200)
  @FormBody()
  async submit(@RequestTx() tx: Tx, @Guest() guest: GuestPrincipal, @Body() body: unknown): Promise<string> {
    const values = readForm(body);
    const link = await this.linkOf(tx, guest);
    const refuse = (errors: FormErrors): never => {
      throw new FormRefused(claimPage(link, values, errors));
    };
    const unfilled = checkForm(values);
    if (Object.keys(unfilled).length > 0) refuse(unfilled);
    const claim = await this.claim.execute(tx, {
      merchantId: guest.merchantId,
      linkId: guest.id,
      receiver: receiverOfForm(values),
    });
    switch (claim.outcome) {
      case 'claimed':
        return claimedPage(link);
      case 'refused':
        return refuse(errorsOf(claim.issues));
      case 'not_open':
        // Since it was looked at: another was faster.
        throw unauthorized();
    }
  }

  private async linkOf(tx: Tx, { merchantId, id }: GuestPrincipal): Promise<PayoutLink> {
    const link = await this.queries.find(tx, merchantId, id);
    if (link?.claimable !== true) throw unauthorized();
    return link;
  }
}
