import { Module } from '@nestjs/common';
import { ConnectorsModule } from '../connectors/index.js';
import { PayoutsModule } from '../payouts/index.js';
import { AcknowledgeStrayPayment } from './acknowledge-stray-payment.js';
import { AdoptPayments } from './adopt-payments.js';
import { CancelUnclaimed } from './cancel-unclaimed.js';
import { CompareBooks } from './compare-books.js';
import { ExpireUnclaimed } from './expire-unclaimed.js';
import { HeedHint } from './heed-hint.js';
import { MatchPayments } from './match-payments.js';
import { NotificationsController } from './notifications.controller.js';
import { ProviderBooksRepository } from './provider-books.repository.js';
import { QuarantineController } from './quarantine.controller.js';
import { Quarantine } from './quarantine.js';
import { QuarantineRepository } from './quarantine.repository.js';
import { ReceiveNotification } from './receive-notification.js';
import { ReconcileConnectors } from './reconcile-connectors.js';
import { StrayPaymentsController } from './stray-payments.controller.js';
import { StrayPaymentQueries } from './stray-payments.queries.js';

/** The provider's books against ours: what it tells by itself, what its list shows, and the quarantine that waits for both. */
@Module({
  imports: [ConnectorsModule, PayoutsModule],
  controllers: [NotificationsController, QuarantineController, StrayPaymentsController],
  providers: [
    AcknowledgeStrayPayment,
    AdoptPayments,
    CancelUnclaimed,
    CompareBooks,
    ExpireUnclaimed,
    HeedHint,
    MatchPayments,
    ProviderBooksRepository,
    Quarantine,
    QuarantineRepository,
    ReceiveNotification,
    ReconcileConnectors,
    StrayPaymentQueries,
  ],
  exports: [CancelUnclaimed, ExpireUnclaimed, ReconcileConnectors],
})
export class ReconciliationModule {}
