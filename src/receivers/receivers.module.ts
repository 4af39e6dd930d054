import { Module } from '@nestjs/common';
import { BulksModule } from '../bulks/index.js';
import { OriginRepository } from '../doors/index.js';
import { EraseReceiver } from './erase-receiver.js';
import { EraseRestingReceivers } from './erase-resting-receivers.js';
import { ReceiverErasures } from './receiver-erasures.repository.js';
import { ReceiversController } from './receivers.controller.js';
import { SealOldContents } from './seal-old-contents.js';

/** Forgetting who was paid, wherever he is known. */
@Module({
  imports: [BulksModule],
  controllers: [ReceiversController],
  providers: [EraseReceiver, EraseRestingReceivers, OriginRepository, ReceiverErasures, SealOldContents],
  exports: [EraseRestingReceivers, SealOldContents],
})
export class ReceiversModule {}
