export * from './payout-limits.js';
export * from './validation.module.js';
