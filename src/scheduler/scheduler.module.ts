import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BulksModule, sealedPayoutRevisions, sealedReceiverKeys } from '../bulks/index.js';
import { sealedConnectors } from '../connectors/index.js';
import { sealedBulkOrigins, sealedDotsUsers, sealedPayoutOrigins } from '../doors/index.js';
import { sealedMerchants } from '../merchants/index.js';
import { PayoutLinksModule, sealedPayoutLinks } from '../payout-links/index.js';
import { sealedProviderNotifications } from '../payouts/index.js';
import { SealAudit } from '../platform/audit/index.js';
import { SEALED_TABLES } from '../platform/crypto/index.js';
import { fingerprintKeyTable, RotateKeys } from '../platform/encryption/index.js';
import { sealedIdempotencyKeys } from '../platform/http/index.js';
import { AgendaClock, JOBS, type Job } from '../platform/jobs/index.js';
import { ReceiversModule } from '../receivers/index.js';
import { ReconciliationModule } from '../reconciliation/index.js';
import { DispatcherModule, sealedEndpoints } from '../webhooks/index.js';
import { EngineFigures } from './engine-figures.js';
import { ClusterJobs } from './jobs.js';
import { OwnClock } from './own-clock.js';
import { RemoveOldEvents } from './remove-old-events.js';

/** Everything that lies sealed; a rotation that forgot one would leave it without its key. */
const SEALED = [
  fingerprintKeyTable,
  sealedMerchants,
  sealedConnectors,
  sealedEndpoints,
  sealedIdempotencyKeys,
  sealedProviderNotifications,
  sealedReceiverKeys,
  sealedPayoutRevisions,
  sealedBulkOrigins,
  sealedPayoutOrigins,
  sealedDotsUsers,
  sealedPayoutLinks,
];

/** What runs when: the cluster's jobs and each process's own duties, all listed in jobs.ts. */
@Module({
  imports: [ScheduleModule.forRoot(), BulksModule, DispatcherModule, PayoutLinksModule, ReceiversModule, ReconciliationModule],
  providers: [
    ClusterJobs,
    { provide: JOBS, inject: [ClusterJobs], useFactory: (jobs: ClusterJobs): readonly Job[] => jobs.list() },
    { provide: SEALED_TABLES, useValue: SEALED },
    RotateKeys,
    SealAudit,
    AgendaClock,
    EngineFigures,
    OwnClock,
    RemoveOldEvents,
  ],
})
export class SchedulerModule {}
