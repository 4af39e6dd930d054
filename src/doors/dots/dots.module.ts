import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { BulksModule } from '../../bulks/index.js';
import { PayoutLinksModule } from '../../payout-links/index.js';
import { PayoutsModule } from '../../payouts/index.js';
import { speaks } from '../../platform/http/index.js';
import { KeyPairs } from '../key-pairs.js';
import { OriginRepository } from '../origin.repository.js';
import { TakeBatch } from '../take-batch.js';
import { AddPayoutMethod } from './add-payout-method.js';
import { DotsBatchesController } from './batches.controller.js';
import { CreateBatch } from './create-batch.js';
import { CreateUser } from './create-user.js';
import { DeleteUser } from './delete-user.js';
import { DotsDialect } from './dots.dialect.js';
import { DotsQueries } from './dots.queries.js';
import { DotsPayoutLinksController } from './payout-links.controller.js';
import { SendPayout } from './send-payout.js';
import { UserRepository } from './user.repository.js';
import { DotsUsersController } from './users.controller.js';

/** The door for clients of Dots v2: their words, onto the same bulks and payouts. */
@Module({
  imports: [BulksModule, PayoutLinksModule, PayoutsModule],
  controllers: [DotsBatchesController, DotsPayoutLinksController, DotsUsersController],
  providers: [
    AddPayoutMethod,
    CreateBatch,
    CreateUser,
    DeleteUser,
    DotsDialect,
    DotsQueries,
    KeyPairs,
    OriginRepository,
    SendPayout,
    TakeBatch,
    UserRepository,
  ],
  exports: [UserRepository],
})
export class DotsModule implements NestModule {
  constructor(private readonly dialect: DotsDialect) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(speaks(this.dialect)).forRoutes('api/v2');
  }
}
