import './payout-link.events.js';

export { CancelPayoutLink } from './cancel-payout-link.js';
export { ClaimPayoutLink } from './claim-payout-link.js';
export { CreatePayoutLink } from './create-payout-link.js';
export { ExpirePayoutLinks } from './expire-payout-links.js';
export type { PayoutLink } from './payout-link.js';
export { payoutLinkLifecycle, type PayoutLinkStatus } from './payout-link.lifecycle.js';
export { PayoutLinkQueries } from './payout-link.queries.js';
export { PayoutLinkRepository, sealedPayoutLinks } from './payout-link.repository.js';
export { PayoutLinksModule } from './payout-links.module.js';
