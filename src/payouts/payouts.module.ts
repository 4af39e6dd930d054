import { Module } from '@nestjs/common';
import { BulksModule } from '../bulks/index.js';
import { ConnectorsModule } from '../connectors/index.js';
import { MONOTONIC_CLOCK, ownMonotonicClock } from '../platform/time/index.js';
import { ClaimPayouts } from './claim-payouts.js';
import { Executor } from './executor.js';
import { ExplainPayout } from './explain-payout.js';
import { IntentsController } from './intents.controller.js';
import { NotificationsController } from './notifications.controller.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';
import { PayoutQueries } from './payout.queries.js';
import { PayoutsController } from './payouts.controller.js';
import { ReceiveNotification } from './receive-notification.js';
import { ResolveIntent } from './resolve-intent.js';
import { RetryPayout } from './retry-payout.js';
import { SettleIntents } from './settle-intents.js';

/** Execution: claim, call, settle; what providers say later; and payouts as their merchant reads them. */
@Module({
  imports: [BulksModule, ConnectorsModule],
  controllers: [PayoutsController, IntentsController, NotificationsController],
  providers: [
    ClaimPayouts,
    Executor,
    ExplainPayout,
    PayoutIntentRepository,
    PayoutQueries,
    ReceiveNotification,
    ResolveIntent,
    RetryPayout,
    SettleIntents,
    { provide: MONOTONIC_CLOCK, useValue: ownMonotonicClock },
  ],
})
export class PayoutsModule {}
