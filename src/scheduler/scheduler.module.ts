import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BulkAudit, BulksModule, sealedPayoutRevisions } from '../bulks/index.js';
import { sealedConnectors } from '../connectors/index.js';
import { sealedBulkOrigins, sealedPayoutOrigins } from '../doors/index.js';
import { sealedMerchants } from '../merchants/index.js';
import { sealedProviderNotifications } from '../payouts/index.js';
import { SealAudit } from '../platform/audit/index.js';
import { SEALED_TABLES } from '../platform/crypto/index.js';
import { Transactions } from '../platform/database/index.js';
import { fingerprintKeyTable, RotateKeys } from '../platform/encryption/index.js';
import { sealedIdempotencyKeys } from '../platform/http/index.js';
import { AgendaClock, JOBS, type Job } from '../platform/jobs/index.js';
import { ExpireUnclaimed, ReconcileConnectors, ReconciliationModule } from '../reconciliation/index.js';
import { DispatcherModule, ExpireHeld, sealedEndpoints } from '../webhooks/index.js';
import { EngineFigures } from './engine-figures.js';
import { clusterJobs } from './jobs.js';
import { OwnClock } from './own-clock.js';
import { RemoveOldEvents } from './remove-old-events.js';

type Ports = [Transactions, BulkAudit, ReconcileConnectors, ExpireHeld, ExpireUnclaimed, RotateKeys, RemoveOldEvents, SealAudit];

/** Everything that lies sealed; a rotation that forgot one would leave it without its key. */
const SEALED = [
  fingerprintKeyTable,
  sealedMerchants,
  sealedConnectors,
  sealedEndpoints,
  sealedIdempotencyKeys,
  sealedProviderNotifications,
  sealedPayoutRevisions,
  sealedBulkOrigins,
  sealedPayoutOrigins,
];

/** What runs when: the cluster's jobs and each process's own duties, all listed in jobs.ts. */
@Module({
  imports: [ScheduleModule.forRoot(), BulksModule, DispatcherModule, ReconciliationModule],
  providers: [
    {
      provide: JOBS,
      inject: [Transactions, BulkAudit, ReconcileConnectors, ExpireHeld, ExpireUnclaimed, RotateKeys, RemoveOldEvents, SealAudit],
      useFactory: (
        ...[transactions, bulkAudit, reconciliation, expireHeld, expireUnclaimed, rotateKeys, removeOldEvents, sealAudit]: Ports
      ): readonly Job[] =>
        clusterJobs({
          transactions,
          bulkAudit,
          reconciliation,
          expireHeld,
          expireUnclaimed,
          rotateKeys,
          removeOldEvents,
          sealAudit,
        }),
    },
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
