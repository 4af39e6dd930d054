import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BulkAudit, BulksModule } from '../bulks/index.js';
import { Transactions } from '../platform/database/index.js';
import { AgendaClock, JOBS, type Job } from '../platform/jobs/index.js';
import { ReconcileConnectors, ReconciliationModule } from '../reconciliation/index.js';
import { DispatcherModule, ExpireHeld } from '../webhooks/index.js';
import { EngineFigures } from './engine-figures.js';
import { clusterJobs } from './jobs.js';
import { OwnClock } from './own-clock.js';

type Ports = [Transactions, BulkAudit, ReconcileConnectors, ExpireHeld];

/** What runs when: the cluster's jobs and each process's own duties, all listed in jobs.ts. */
@Module({
  imports: [ScheduleModule.forRoot(), BulksModule, DispatcherModule, ReconciliationModule],
  providers: [
    {
      provide: JOBS,
      inject: [Transactions, BulkAudit, ReconcileConnectors, ExpireHeld],
      useFactory: (...[transactions, bulkAudit, reconciliation, expireHeld]: Ports): readonly Job[] =>
        clusterJobs({ transactions, bulkAudit, reconciliation, expireHeld }),
    },
    AgendaClock,
    EngineFigures,
    OwnClock,
  ],
})
export class SchedulerModule {}
