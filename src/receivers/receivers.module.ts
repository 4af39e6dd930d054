import { Module } from '@nestjs/common';
import { BulksModule } from '../bulks/index.js';
import { DotsModule, OriginRepository } from '../doors/index.js';
import { PayoutLinksModule } from '../payout-links/index.js';
import { EraseReceiver } from './erase-receiver.js';
import { EraseRestingReceivers } from './erase-resting-receivers.js';
import { FindReceiver } from './find-receiver.js';
import { ReceiverErasures } from './receiver-erasures.repository.js';
import { ReceiverRecords } from './receiver-records.js';
import { ReceiversController } from './receivers.controller.js';
import { SealOldContents } from './seal-old-contents.js';

/** Forgetting who was paid, wherever he is known. */
@Module({
  imports: [BulksModule, DotsModule, PayoutLinksModule],
  controllers: [ReceiversController],
  providers: [
    EraseReceiver,
    EraseRestingReceivers,
    FindReceiver,
    OriginRepository,
    ReceiverErasures,
    ReceiverRecords,
    SealOldContents,
  ],
  exports: [EraseRestingReceivers, SealOldContents],
})
export class ReceiversModule {}
