import './intent.events.js';

export * from './payout-intent.lifecycle.js';
export * from './payouts.module.js';
export { forgetProviderNotifications } from './provider-notification.repository.js';
export { ReconcileConnectors } from './reconcile-connectors.js';
