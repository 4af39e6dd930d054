import { Module } from '@nestjs/common';
import { AdvanceResend } from './advance-resend.js';
import { ClaimDeliveries } from './claim-deliveries.js';
import { Deliver } from './deliver.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';
import { Dispatcher } from './dispatcher.js';
import { ExpireHeld } from './expire-held.js';
import { LaneFigures } from './lane-figures.js';
import { ResendRunner } from './resend-runner.js';
import { SettleDeliveries } from './settle-deliveries.js';
import { WebhooksModule } from './webhooks.module.js';

/** The sending of webhooks. Idle in a process that is no worker. Needs `CONFIGURATION`, `Metrics`, `Sealer`, `Transactions` and `WakeListener`. */
@Module({
  imports: [WebhooksModule],
  providers: [
    AdvanceResend,
    ClaimDeliveries,
    Deliver,
    Dispatcher,
    DispatcherMetrics,
    ExpireHeld,
    LaneFigures,
    ResendRunner,
    SettleDeliveries,
  ],
  exports: [ExpireHeld, LaneFigures],
})
export class DispatcherModule {}
