import { Module } from '@nestjs/common';
import { BacklogRunner } from './deliveries/backlog-runner.js';
import { ClaimDeliveries } from './deliveries/claim-deliveries.js';
import { Deliver } from './deliveries/deliver.js';
import { DispatcherMetrics } from './deliveries/dispatcher-metrics.js';
import { Dispatcher } from './deliveries/dispatcher.js';
import { ExpireHeld } from './deliveries/expire-held.js';
import { LaneFigures } from './deliveries/lane-figures.js';
import { Places } from './deliveries/places.js';
import { SettleAndClaim } from './deliveries/settle-and-claim.js';
import { SettleDeliveries } from './deliveries/settle-deliveries.js';
import { WorkOffBacklog } from './deliveries/work-off-backlog.js';
import { WriteBodies } from './deliveries/write-bodies.js';
import { OldEventsRepository } from './events/old-events.repository.js';
import { AdvanceResend } from './resends/advance-resend.js';
import { ResendRunner } from './resends/resend-runner.js';
import { WebhooksModule } from './webhooks.module.js';

/** The sending of webhooks. Idle in a process that is no worker. Needs `CONFIGURATION`, `Metrics`, `Sealer`, `Transactions` and `WakeListener`. */
@Module({
  imports: [WebhooksModule],
  providers: [
    AdvanceResend,
    BacklogRunner,
    ClaimDeliveries,
    Deliver,
    Dispatcher,
    DispatcherMetrics,
    ExpireHeld,
    LaneFigures,
    OldEventsRepository,
    Places,
    ResendRunner,
    SettleAndClaim,
    SettleDeliveries,
    WorkOffBacklog,
    WriteBodies,
  ],
  exports: [ExpireHeld, LaneFigures, OldEventsRepository],
})
export class DispatcherModule {}
