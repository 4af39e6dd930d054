export { JsonLogger } from './logger.js';
export { Metrics } from './metrics.js';
export { ObservabilityModule } from './observability.module.js';
export { Readiness, type ReadinessCheck } from './readiness.js';
export * from './traces.js';
