import { Module } from '@nestjs/common';
import { BulksModule } from '../bulks/index.js';
import { ConnectorsModule } from '../connectors/index.js';
import { ClaimAllowed } from './claim-allowed.js';
import { ClaimPayouts } from './claim-payouts.js';
import { ConnectorWorkerRepository } from './connector-worker.repository.js';
import { ExecutionMetrics } from './execution-metrics.js';
import { Executor } from './executor.js';
import { ExplainPayout } from './explain-payout.js';
import { IntentsController } from './intents.controller.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';
import { PayoutQueries } from './payout.queries.js';
import { PayoutsController } from './payouts.controller.js';
import { ProviderNotificationRepository } from './provider-notification.repository.js';
import { RenewLeases } from './renew-leases.js';
import { ResolveIntent } from './resolve-intent.js';
import { RetryPayout } from './retry-payout.js';
import { SettleIntents } from './settle-intents.js';
import { ShareConnectors } from './share-connectors.js';
import { UnclearIntentQueries } from './unclear-intents.queries.js';

/** Execution: claim, call, settle; and payouts as their merchant reads them. */
@Module({
  imports: [BulksModule, ConnectorsModule],
  controllers: [PayoutsController, IntentsController],
  providers: [
    ClaimAllowed,
    ClaimPayouts,
    ConnectorWorkerRepository,
    ExecutionMetrics,
    Executor,
    ExplainPayout,
    PayoutIntentRepository,
    PayoutQueries,
    ProviderNotificationRepository,
    RenewLeases,
    ResolveIntent,
    RetryPayout,
    SettleIntents,
    ShareConnectors,
    UnclearIntentQueries,
  ],
  exports: [ClaimPayouts, PayoutQueries, ProviderNotificationRepository, SettleIntents],
})
export class PayoutsModule {}
