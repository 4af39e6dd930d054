import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BulkAudit, BulksModule } from '../bulks/index.js';
import { Transactions } from '../platform/database/index.js';
import { AgendaClock, JOBS, type Job } from '../platform/jobs/index.js';
import { ReconcileConnectors, ReconciliationModule } from '../reconciliation/index.js';
import { EngineFigures } from './engine-figures.js';
import { clusterJobs } from './jobs.js';
import { OwnClock } from './own-clock.js';

/** What runs when: the cluster's jobs and each process's own duties, all listed in jobs.ts. */
@Module({
  imports: [ScheduleModule.forRoot(), BulksModule, ReconciliationModule],
  providers: [
    {
      provide: JOBS,
      inject: [Transactions, BulkAudit, ReconcileConnectors],
      useFactory: (transactions: Transactions, bulkAudit: BulkAudit, reconciliation: ReconcileConnectors): readonly Job[] =>
        clusterJobs({ transactions, bulkAudit, reconciliation }),
    },
    AgendaClock,
    EngineFigures,
    OwnClock,
  ],
})
export class SchedulerModule {}
