import { Module } from '@nestjs/common';
import { WebhooksModule } from '../webhooks/index.js';
import { AdvancePayouts } from './advance-payouts.js';
import { BulkAudit } from './bulk-audit.js';
import { BulkCaps } from './bulk-caps.js';
import { BulkProgress } from './bulk-progress.js';
import { BulkQueries } from './bulk.queries.js';
import { BulkRepository } from './bulk.repository.js';
import { BulksController } from './bulks.controller.js';
import { CancelPayouts } from './cancel-payouts.js';
import { CreateBulk } from './create-bulk.js';
import { EditBulk } from './edit-bulk.js';
import { LockedBulks } from './locked-bulks.js';
import { OldContentRepository } from './old-content.repository.js';
import { PauseBulk } from './pause-bulk.js';
import { PayoutContentRepository } from './payout-content.repository.js';
import { PayoutRepository } from './payout.repository.js';
import { ReceiverKeys } from './receiver-key.repository.js';
import { ReferenceHoldRepository } from './reference-hold.repository.js';

/** Bulks and payouts: what merchants write, and the one way a payout moves. */
@Module({
  imports: [WebhooksModule],
  controllers: [BulksController],
  providers: [
    AdvancePayouts,
    BulkAudit,
    BulkCaps,
    BulkProgress,
    BulkQueries,
    BulkRepository,
    CancelPayouts,
    CreateBulk,
    EditBulk,
    LockedBulks,
    OldContentRepository,
    PauseBulk,
    PayoutContentRepository,
    PayoutRepository,
    ReceiverKeys,
    ReferenceHoldRepository,
  ],
  exports: [
    AdvancePayouts,
    BulkAudit,
    BulkProgress,
    BulkQueries,
    BulkRepository,
    CancelPayouts,
    CreateBulk,
    EditBulk,
    LockedBulks,
    OldContentRepository,
    PayoutContentRepository,
    PayoutRepository,
    ReceiverKeys,
    ReferenceHoldRepository,
  ],
})
export class BulksModule {}
