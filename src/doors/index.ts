export { dotsDocument } from './dots/dots-document.js';
export { DotsModule } from './dots/dots.module.js';
export { phoneOfLink } from './dots/sent-link.js';
export { UserRepository, sealedDotsUsers } from './dots/user.repository.js';
export { OriginRepository, sealedBulkOrigins, sealedPayoutOrigins } from './origin.repository.js';
export { paypalDocument } from './paypal/paypal-document.js';
export { PaypalModule } from './paypal/paypal.module.js';
