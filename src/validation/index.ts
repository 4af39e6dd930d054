export { isEmail, isPhoneNumber } from './contact.js';
export * from './payout-limits.js';
export * from './validation.module.js';
