export { ReconcileConnectors } from './reconcile-connectors.js';
export * from './reconciliation.module.js';
