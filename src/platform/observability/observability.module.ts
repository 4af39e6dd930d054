import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { DatabaseReadiness } from './database-readiness.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { ObserveRequests } from './observe-requests.middleware.js';
import { PoolFigures } from './pool-figures.js';
import { Readiness } from './readiness.js';
import { Traces } from './traces.js';

/** What an operator can see of a process: `/healthz`, `/readyz`, `/metrics` and one log line for each request. */
@Global()
@Module({
  controllers: [HealthController, MetricsController],
  providers: [Metrics, Readiness, DatabaseReadiness, PoolFigures, Traces],
  exports: [Metrics, Readiness, Traces],
})
export class ObservabilityModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    // A prefix, not a pattern: that decodes the path, and what can not be decoded would pass by unseen.
    consumer.apply(ObserveRequests).forRoutes('/');
  }
}
