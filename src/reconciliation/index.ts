export { CancelUnclaimed, type CancelUnclaimedOutcome } from './cancel-unclaimed.js';
export { ExpireUnclaimed } from './expire-unclaimed.js';
export { ReconcileConnectors } from './reconcile-connectors.js';
export * from './reconciliation.module.js';
