export { sealedBulkOrigins, sealedPayoutOrigins } from './origin.repository.js';
export { paypalDocument } from './paypal/paypal-document.js';
export { PaypalModule } from './paypal/paypal.module.js';
