import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BulkAudit, BulksModule } from '../bulks/index.js';
import { Transactions } from '../platform/database/index.js';
import { AgendaClock, JOBS, type Job } from '../platform/jobs/index.js';
import { EngineFigures } from './engine-figures.js';
import { clusterJobs } from './jobs.js';
import { OwnClock } from './own-clock.js';

/** What runs when: the cluster's jobs and each process's own duties, all listed in jobs.ts. */
@Module({
  imports: [ScheduleModule.forRoot(), BulksModule],
  providers: [
    {
      provide: JOBS,
      inject: [Transactions, BulkAudit],
      useFactory: (transactions: Transactions, bulkAudit: BulkAudit): readonly Job[] => clusterJobs({ transactions, bulkAudit }),
    },
    AgendaClock,
    EngineFigures,
    OwnClock,
  ],
})
export class SchedulerModule {}
