import { type DynamicModule, Module } from '@nestjs/common';
import { BulksModule } from './bulks/index.js';
import { ConnectorsModule } from './connectors/index.js';
import { DotsModule, PaypalModule } from './doors/index.js';
import { MerchantsModule } from './merchants/index.js';
import { OpenapiModule } from './openapi/index.js';
import { PayoutLinksModule } from './payout-links/index.js';
import { PayoutsModule } from './payouts/index.js';
import { type Configuration, ConfigurationModule } from './platform/config/index.js';
import { DatabaseModule } from './platform/database/index.js';
import { EncryptionModule } from './platform/encryption/index.js';
import { ObservabilityModule } from './platform/observability/index.js';
import { WorkersModule } from './platform/workers/index.js';
import { ReceiversModule } from './receivers/index.js';
import { ReconciliationModule } from './reconciliation/index.js';
import { SchedulerModule } from './scheduler/index.js';
import { ValidationModule } from './validation/index.js';
import { DispatcherModule, WebhooksModule } from './webhooks/index.js';

/** The table of contents, in the order of dependency: each module may use those above it. */
@Module({})
export class AppModule {
  static for(configuration: Configuration): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.for(configuration),
        DatabaseModule.forRoot(),
        EncryptionModule.for(configuration.encryptionKeys),
        ObservabilityModule,
        WorkersModule,
        WebhooksModule,
        DispatcherModule,
        ConnectorsModule,
        BulksModule,
        MerchantsModule,
        ValidationModule,
        PayoutsModule,
        ReconciliationModule,
        PayoutLinksModule,
        PaypalModule,
        DotsModule,
        ReceiversModule,
        SchedulerModule,
        OpenapiModule,
      ],
    };
  }
}
