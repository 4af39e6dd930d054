import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { BulksModule } from '../bulks/index.js';
import { speaks } from '../platform/http/index.js';
import { ValidationModule } from '../validation/index.js';
import { CancelPayoutLink } from './cancel-payout-link.js';
import { ClaimPayoutLink } from './claim-payout-link.js';
import { ClaimController } from './claim.controller.js';
import { CreatePayoutLink } from './create-payout-link.js';
import { ExpirePayoutLinks } from './expire-payout-links.js';
import { LinkTokens } from './link-tokens.js';
import { PAGE_HEADERS } from './page-markup.js';
import { PageDialect } from './page.dialect.js';
import { PayoutLinkQueries } from './payout-link.queries.js';
import { PayoutLinkRepository } from './payout-link.repository.js';

const SHOWN = [CancelPayoutLink, ClaimPayoutLink, CreatePayoutLink, ExpirePayoutLinks, PayoutLinkQueries, PayoutLinkRepository];

/** Payouts to people whose account nobody knows yet: links, and the page behind them. */
@Module({
  imports: [BulksModule, ValidationModule],
  controllers: [ClaimController],
  providers: [...SHOWN, LinkTokens, PageDialect],
  exports: SHOWN,
})
export class PayoutLinksModule implements NestModule {
  constructor(private readonly dialect: PageDialect) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(withPageHeaders, speaks(this.dialect)).forRoutes('pay');
  }
}

/** Before anything is known of the link, so that no answer is without them. */
function withPageHeaders(_request: Request, response: Response, next: NextFunction): void {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
  next();
}
