import './intent.events.js';

export { ClaimPayouts } from './claim-payouts.js';
export { decideFound } from './decide-outcome.js';
export type { PayoutDto } from './dto/payout-response.dto.js';
export { idempotencyKeyOf } from './idempotency-key.js';
export { canBeSentAgain } from './key-age.js';
export * from './payout-intent.lifecycle.js';
export { PayoutQueries, type PayoutView } from './payout.queries.js';
export * from './payouts.module.js';
export { faultOf, pathTo } from './provider-news.js';
export {
  ProviderNotificationRepository,
  forgetProviderNotifications,
  sealedProviderNotifications,
} from './provider-notification.repository.js';
export { SettleIntents, type Finding } from './settle-intents.js';
export { PAYOUT_AT_WORK, subjectsAtWork } from './subjects-at-work.js';
