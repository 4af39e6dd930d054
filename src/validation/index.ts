export { isEmail, isPhoneNumber } from './contact.js';
export { DryRunBulk } from './dry-run-bulk.js';
export * from './payout-limits.js';
export * from './validation.module.js';
