import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { BulksModule } from '../../bulks/index.js';
import { PayoutsModule } from '../../payouts/index.js';
import { speaks } from '../../platform/http/index.js';
import { ReconciliationModule } from '../../reconciliation/index.js';
import { KeyPairs } from '../key-pairs.js';
import { OriginRepository } from '../origin.repository.js';
import { TakeBatch } from '../take-batch.js';
import { AccessTokens } from './access-token.js';
import { CancelItem } from './cancel-item.js';
import { CreateBatch } from './create-batch.js';
import { PaypalPayoutsController } from './payouts.controller.js';
// Declares the words of PayPal's webhooks.
import './paypal-webhooks.js';
import { PaypalDialect } from './paypal.dialect.js';
import { PaypalQueries } from './paypal.queries.js';
import { StandingQueries } from './standing.queries.js';
import { TokenController } from './token.controller.js';

/** The door for clients of PayPal Payouts v1: their words, onto the same bulks and payouts. */
@Module({
  imports: [BulksModule, PayoutsModule, ReconciliationModule],
  controllers: [PaypalPayoutsController, TokenController],
  providers: [
    AccessTokens,
    CancelItem,
    CreateBatch,
    KeyPairs,
    OriginRepository,
    PaypalDialect,
    PaypalQueries,
    StandingQueries,
    TakeBatch,
  ],
})
export class PaypalModule implements NestModule {
  constructor(private readonly dialect: PaypalDialect) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(speaks(this.dialect)).forRoutes('v1/payments', 'v1/oauth2');
  }
}
