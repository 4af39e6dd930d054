export * from './account-data.js';
export { FAULTS_TO_OPEN } from './connector-breaker.js';
export * from './connector-traffic.repository.js';
export * from './connector.entity.js';
export * from './connector.js';
export * from './connector.repository.js';
export * from './connectors.module.js';
export * from './registry.js';
export * from './sandbox/sandbox-ledger.queries.js';
