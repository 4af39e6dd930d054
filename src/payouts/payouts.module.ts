import { Module } from '@nestjs/common';
import { BulksModule } from '../bulks/index.js';
import { ConnectorsModule } from '../connectors/index.js';
import { MONOTONIC_CLOCK, ownMonotonicClock } from '../platform/time/index.js';
import { AdoptPayments } from './adopt-payments.js';
import { ClaimPayouts } from './claim-payouts.js';
import { CompareBooks } from './compare-books.js';
import { ConnectorWorkerRepository } from './connector-worker.repository.js';
import { ExecutionMetrics } from './execution-metrics.js';
import { Executor } from './executor.js';
import { ExplainPayout } from './explain-payout.js';
import { IntentsController } from './intents.controller.js';
import { MatchPayments } from './match-payments.js';
import { NotificationsController } from './notifications.controller.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';
import { PayoutQueries } from './payout.queries.js';
import { PayoutsController } from './payouts.controller.js';
import { ProviderBooksRepository } from './provider-books.repository.js';
import { ProviderNotificationRepository } from './provider-notification.repository.js';
import { QuarantineController } from './quarantine.controller.js';
import { Quarantine } from './quarantine.js';
import { QuarantineRepository } from './quarantine.repository.js';
import { ReceiveNotification } from './receive-notification.js';
import { ReconcileConnectors } from './reconcile-connectors.js';
import { RenewLeases } from './renew-leases.js';
import { ResolveIntent } from './resolve-intent.js';
import { RetryPayout } from './retry-payout.js';
import { SettleIntents } from './settle-intents.js';
import { ShareConnectors } from './share-connectors.js';

/** Execution: claim, call, settle; what providers say later; and payouts as their merchant reads them. */
@Module({
  imports: [BulksModule, ConnectorsModule],
  controllers: [PayoutsController, IntentsController, NotificationsController, QuarantineController],
  providers: [
    AdoptPayments,
    ClaimPayouts,
    CompareBooks,
    ConnectorWorkerRepository,
    ExecutionMetrics,
    Executor,
    ExplainPayout,
    MatchPayments,
    PayoutIntentRepository,
    PayoutQueries,
    ProviderBooksRepository,
    ProviderNotificationRepository,
    Quarantine,
    QuarantineRepository,
    ReceiveNotification,
    ReconcileConnectors,
    RenewLeases,
    ResolveIntent,
    RetryPayout,
    SettleIntents,
    ShareConnectors,
    { provide: MONOTONIC_CLOCK, useValue: ownMonotonicClock },
  ],
  exports: [ReconcileConnectors],
})
export class PayoutsModule {}
