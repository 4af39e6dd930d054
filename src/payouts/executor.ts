import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import {
  ConnectorRegistry,
  ConnectorRepository,
  ConnectorTrafficRepository,
  ConnectorUnavailableError,
  type ConnectorEntity,
  type OpenConnector,
  type Restraint,
} from '../connectors/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions, WakeListener, type Tx } from '../platform/database/index.js';
import { PACE, SLEEP_MAX_MS, WakefulLoop, type Pace } from '../platform/workers/index.js';
import { allowanceOf } from './allowance.js';
import { CallSettler } from './call-settler.js';
import { ClaimAllowed, type ClaimWish } from './claim-allowed.js';
import type { Claims } from './claim-payouts.js';
import { ExecutionMetrics } from './execution-metrics.js';
import { ProviderPipeline } from './provider-pipeline.js';
import { RenewLeases } from './renew-leases.js';
import { SettleIntents } from './settle-intents.js';
import { ShareConnectors } from './share-connectors.js';

type ConnectorRow = ConnectorEntity & Restraint;

/**
 * Runs what is due: one pipeline per connector, woken by NOTIFY, by its own next instant, and at least once a second.
 * Several processes share the work through SKIP LOCKED alone.
 */
@Injectable()
export class Executor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Executor.name);
  private readonly pipelines = new Map<string, { pipeline: ProviderPipeline; settler: CallSettler }>();
  private readonly loop = new WakefulLoop(Executor.name, () => this.round());

  constructor(
    private readonly transactions: Transactions,
    private readonly registry: ConnectorRegistry,
    private readonly connectors: ConnectorRepository,
    private readonly traffic: ConnectorTrafficRepository,
    private readonly shares: ShareConnectors,
    private readonly leases: RenewLeases,
    private readonly claims: ClaimAllowed,
    private readonly settle: SettleIntents,
    private readonly metrics: ExecutionMetrics,
    private readonly wakes: WakeListener,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(PACE) private readonly pace: Pace,
  ) {}

  onApplicationBootstrap(): void {
    if (this.configuration.roles.has('worker')) this.loop.start((wake) => this.wakes.on('execute', wake));
  }

  /** Stops claiming, lets the calls that are out end, and settles them, while the database is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    await Promise.all(
      [...this.pipelines.values()].map(async ({ pipeline, settler }) => {
        await pipeline.stop();
        await settler.drain();
      }),
    );
    if (this.configuration.roles.has('worker')) await this.shares.leave().catch(() => undefined);
  }

  private async round(): Promise<number> {
    const start = performance.now();
    // Read before the claims: what comes due while they run is due when they have ended, not slept over.
    const [rows, next] = await this.transactions.asEngine((tx) => Promise.all([this.connectors.all(tx), lookAhead(tx)]));
    await this.refreshPipelines(rows, { quarantined: next.quarantined, start });
    const more = await Promise.all([...this.pipelines.values()].map(({ pipeline }) => pipeline.fill()));
    if (more.includes(true)) return 0;
    if (next.wait_ms === null) return SLEEP_MAX_MS;
    return Math.max(1, Math.ceil(start + next.wait_ms - performance.now()));
  }

  private async refreshPipelines(
    rows: readonly ConnectorRow[],
    { quarantined, start }: { quarantined: boolean; start: number },
  ): Promise<void> {
    const opened = rows.flatMap((row) => this.opened(row) ?? []);
    const running = new Set(opened.map(({ pipeline }) => pipeline));
    for (const { pipeline } of this.pipelines.values()) if (!running.has(pipeline)) pipeline.halt();
    await this.shares.execute(
      opened.map(({ row, pipeline }) => ({ connectorId: row.id, limit: row.max_concurrency, inFlight: pipeline.inFlight })),
    );
    for (const { row, open, pipeline } of opened) {
      pipeline.update(
        open,
        allowanceOf(
          this.shares.of(row.id),
          { busy_ms: row.busy_ms, breaker: row.breaker, quarantined, paused: open.paused !== null },
          start,
        ),
      );
    }
  }

  /** A connector that can not be opened takes no part of its limit from others that can. */
  private opened(row: ConnectorRow): { row: ConnectorRow; open: OpenConnector; pipeline: ProviderPipeline } | null {
    try {
      const open = this.registry.fromRow(row);
      const kept = this.pipelines.get(row.id) ?? this.pipelineOf(row.id, open);
      this.pipelines.set(row.id, kept);
      return { row, open, pipeline: kept.pipeline };
    } catch (error) {
      if (!(error instanceof ConnectorUnavailableError)) throw error;
      this.logger.error(error.message);
      return null;
    }
  }

  private pipelineOf(connectorId: string, open: OpenConnector) {
    const settler = new CallSettler({
      connectorId,
      transactions: this.transactions,
      settle: this.settle,
      connectors: this.connectors,
      traffic: this.traffic,
      metrics: this.metrics,
      pace: this.pace,
    });
    const pipeline = new ProviderPipeline(open, {
      claim: (wish) => this.claim({ connectorId, ...wish }),
      renew: (held) => this.leases.execute(held),
      leasesLost: (count) => this.metrics.leaseLost(count),
      called: (claimed, result, started_ms) => this.metrics.traceCall(claimed, result, started_ms),
      renewEvery_ms: this.leases.every_ms,
      settle: (result) => {
        settler.push(result);
      },
      lowWater: () => {
        this.loop.wake();
      },
    });
    return { pipeline, settler };
  }

  private async claim(wish: ClaimWish): Promise<Claims> {
    const claims = await this.claims.execute(wish);
    this.metrics.countClaimed(claims.claimed.length);
    return claims;
  }
}

/** From now to the next instant at which anything comes due; the database says it, this process only measures the span. */
async function lookAhead(tx: Tx): Promise<{ wait_ms: number | null; quarantined: boolean }> {
  const next = await tx.one<{ wait_ms: number | null; quarantined: boolean }>(
    `SELECT EXISTS (SELECT FROM engine WHERE quarantined_at IS NOT NULL) AS quarantined, extract(epoch FROM least(
         (SELECT min(scheduled_at) FROM payout WHERE status = 'SCHEDULED' AND NOT held AND scheduled_at > tranche_now()),
         (SELECT min(soonest.next_check_at) FROM connector c CROSS JOIN LATERAL (
            SELECT next_check_at FROM payout_intent WHERE connector_id = c.id AND next_check_at > tranche_now()
            ORDER BY next_check_at LIMIT 1) soonest)
       ) - tranche_now())::double precision * 1000 AS wait_ms`,
  );
  return next ?? { wait_ms: null, quarantined: true };
}
