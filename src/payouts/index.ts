export * from './intent.events.js';
export * from './payout-intent.lifecycle.js';
export * from './payouts.module.js';
