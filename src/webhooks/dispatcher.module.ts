import { Module } from '@nestjs/common';
import { Deliver } from './deliver.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';
import { Dispatcher } from './dispatcher.js';
import { SettleDeliveries } from './settle-deliveries.js';
import { WebhooksModule } from './webhooks.module.js';

/** The sending of webhooks. Idle in a process that is no worker. Needs `CONFIGURATION`, `Metrics`, `Sealer`, `Transactions` and `WakeListener`. */
@Module({
  imports: [WebhooksModule],
  providers: [Deliver, Dispatcher, DispatcherMetrics, SettleDeliveries],
})
export class DispatcherModule {}
