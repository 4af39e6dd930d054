import { CreateTenants20261121090000 } from './20261121090000-create-tenants.js';
import { CreateBulks20261121090100 } from './20261121090100-create-bulks.js';
import { CreatePayoutIntents20261121090200 } from './20261121090200-create-payout-intents.js';
import { CreateEvents20261121090300 } from './20261121090300-create-events.js';
import { CreateIdempotencyKeys20261121090400 } from './20261121090400-create-idempotency-keys.js';
import { CreateAgendaJobs20261121090500 } from './20261121090500-create-agenda-jobs.js';
import { GuardProviders20261121090600 } from './20261121090600-guard-providers.js';
import { GrowLanes20261121100000 } from './20261121100000-grow-lanes.js';
import { AddResends20261121100100 } from './20261121100100-add-resends.js';
import { AddResumeReasons20261121100700 } from './20261121100700-add-resume-reasons.js';
import { SayHeldByLane20261121110000 } from './20261121110000-say-held-by-lane.js';
import { ReleaseHotRows20261121120000 } from './20261121120000-release-hot-rows.js';
import { MergeIndexes20261121120100 } from './20261121120100-merge-indexes.js';
import { AddRateBuckets20261121130000 } from './20261121130000-add-rate-buckets.js';
import { AddOperatorKeys20261121130100 } from './20261121130100-add-operator-keys.js';
import { AddAmountCaps20261121130200 } from './20261121130200-add-amount-caps.js';
import { NameMerchantOfTransaction20261121140000 } from './20261121140000-name-merchant-of-transaction.js';
import { RegisterEncryptionKeys20261121150000 } from './20261121150000-register-encryption-keys.js';
import { CreateAudit20261121150100 } from './20261121150100-create-audit.js';
import { BoundEvents20261121160000 } from './20261121160000-bound-events.js';
import { CancelUnclaimed20261121170000 } from './20261121170000-cancel-unclaimed.js';
import { AddOrigins20261121170100 } from './20261121170100-add-origins.js';
import { IndexUnclaimed20261121170200 } from './20261121170200-index-unclaimed.js';
import { SealEarlyWords20261121172000 } from './20261121172000-seal-early-words.js';
import { AddDotsUsers20261121220000 } from './20261121220000-add-dots-users.js';
import { AddPayoutLinks20261121220100 } from './20261121220100-add-payout-links.js';
import { AddWebhookFormats20261121221000 } from './20261121221000-add-webhook-formats.js';
import { AddReceiverKeys20261121222000 } from './20261121222000-add-receiver-keys.js';
import { IndexOldContents20261122012000 } from './20261122012000-index-old-contents.js';
import { NameReceiversOfDotsUsers20261122012100 } from './20261122012100-name-receivers-of-dots-users.js';
import { NameReceiversOfPayoutLinks20261122012200 } from './20261122012200-name-receivers-of-payout-links.js';
import { QueueLanes20261122060000 } from './20261122060000-queue-lanes.js';
import { NameStrayPayments20261123000000 } from './20261123000000-name-stray-payments.js';
import { TellBooksBehind20261123000100 } from './20261123000100-tell-books-behind.js';
import { PartSharedPayments20261123100000 } from './20261123100000-part-shared-payments.js';
import { NameQueriesOfIndexes20261123110000 } from './20261123110000-name-queries-of-indexes.js';

/** Every migration, oldest first. Named one by one: a glob would find nothing, or too much, once the code is built. */
export const migrations = [
  CreateTenants20261121090000,
  CreateBulks20261121090100,
  CreatePayoutIntents20261121090200,
  CreateEvents20261121090300,
  CreateIdempotencyKeys20261121090400,
  CreateAgendaJobs20261121090500,
  GuardProviders20261121090600,
  GrowLanes20261121100000,
  AddResends20261121100100,
  AddResumeReasons20261121100700,
  SayHeldByLane20261121110000,
  ReleaseHotRows20261121120000,
  MergeIndexes20261121120100,
  AddRateBuckets20261121130000,
  AddOperatorKeys20261121130100,
  AddAmountCaps20261121130200,
  NameMerchantOfTransaction20261121140000,
  RegisterEncryptionKeys20261121150000,
  CreateAudit20261121150100,
  BoundEvents20261121160000,
  CancelUnclaimed20261121170000,
  AddOrigins20261121170100,
  IndexUnclaimed20261121170200,
  SealEarlyWords20261121172000,
  AddDotsUsers20261121220000,
  AddPayoutLinks20261121220100,
  AddWebhookFormats20261121221000,
  AddReceiverKeys20261121222000,
  IndexOldContents20261122012000,
  NameReceiversOfDotsUsers20261122012100,
  NameReceiversOfPayoutLinks20261122012200,
  QueueLanes20261122060000,
  NameStrayPayments20261123000000,
  TellBooksBehind20261123000100,
  PartSharedPayments20261123100000,
  NameQueriesOfIndexes20261123110000,
];
