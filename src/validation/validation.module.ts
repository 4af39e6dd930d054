import { Module } from '@nestjs/common';
import { BulksModule } from '../bulks/index.js';
import { ConnectorsModule } from '../connectors/index.js';
import { AmountCaps } from './amount-caps.js';
import { DryRunBulk } from './dry-run-bulk.js';
import { DryRunController } from './dry-run.controller.js';
import { JudgingContexts } from './judging-contexts.js';
import { ValidatePayouts } from './validate-payouts.js';
import { ValidationWorker } from './validation-worker.js';

/** The judgement of payouts, asynchronous or as a dry run, by one set of rules. */
@Module({
  imports: [BulksModule, ConnectorsModule],
  controllers: [DryRunController],
  providers: [AmountCaps, DryRunBulk, JudgingContexts, ValidatePayouts, ValidationWorker],
  exports: [DryRunBulk],
})
export class ValidationModule {}
