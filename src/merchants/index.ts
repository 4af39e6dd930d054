export * from './merchants.module.js';
export * from './scopes.js';
export { sealedMerchants } from './sealed-merchants.js';
