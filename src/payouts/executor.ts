import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ConnectorRegistry, ConnectorRepository, ConnectorUnavailableError } from '../connectors/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions, WakeListener, type Tx } from '../platform/database/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../platform/workers/index.js';
import { ClaimPayouts } from './claim-payouts.js';
import { GroupedSettler } from './grouped-settler.js';
import { ProviderPipeline } from './provider-pipeline.js';
import { SettleIntents } from './settle-intents.js';

/**
 * Runs what is due: one pipeline per connector, woken by NOTIFY, by its own next instant, and at least once a second.
 * Several processes share the work through SKIP LOCKED alone.
 */
@Injectable()
export class Executor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Executor.name);
  private readonly pipelines = new Map<string, { pipeline: ProviderPipeline; settler: GroupedSettler }>();
  private readonly loop = new WakefulLoop(Executor.name, () => this.round());
  private unsubscribe: (() => void) | null = null;

  constructor(
    private readonly transactions: Transactions,
    private readonly registry: ConnectorRegistry,
    private readonly connectors: ConnectorRepository,
    private readonly claims: ClaimPayouts,
    private readonly settle: SettleIntents,
    private readonly wakes: WakeListener,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.configuration.roles.has('worker')) return;
    this.unsubscribe = this.wakes.on('execute', () => {
      this.loop.wake();
    });
    this.loop.start();
  }

  /** Stops claiming, lets the calls that are out end, and settles them, while the database is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.unsubscribe?.();
    await this.loop.stop();
    await Promise.all(
      [...this.pipelines.values()].map(async ({ pipeline, settler }) => {
        await pipeline.stop();
        await settler.drain();
      }),
    );
  }

  private async round(): Promise<number> {
    const start = performance.now();
    // Read before the claims: what comes due while they run is due when they have ended, not slept over.
    const { rows, wait_ms } = await this.transactions.asEngine(async (tx) => ({
      rows: await this.connectors.all(tx),
      wait_ms: await untilNextDue_ms(tx),
    }));
    this.refreshPipelines(rows);
    const claimed = await Promise.all([...this.pipelines.values()].map(({ pipeline }) => pipeline.fill()));
    // What was claimed keeps the pipelines busy; they wake the loop at low water.
    if (claimed.some((count) => count > 0)) return 0;
    if (wait_ms === null) return SLEEP_MAX_MS;
    return Math.max(1, Math.ceil(start + wait_ms - performance.now()));
  }

  private refreshPipelines(rows: readonly Parameters<ConnectorRegistry['fromRow']>[0][]): void {
    for (const row of rows) {
      try {
        const open = this.registry.fromRow(row);
        const existing = this.pipelines.get(row.id);
        if (existing === undefined) this.pipelines.set(row.id, this.pipelineOf(row.id, open));
        else existing.pipeline.update(open);
      } catch (error) {
        if (!(error instanceof ConnectorUnavailableError)) throw error;
        this.logger.error(error.message);
      }
    }
  }

  private pipelineOf(connectorId: string, open: ReturnType<ConnectorRegistry['fromRow']>) {
    const settler = new GroupedSettler({
      connectorId,
      transactions: this.transactions,
      settle: this.settle,
      connectors: this.connectors,
    });
    const pipeline = new ProviderPipeline(open, {
      claim: (limit, capabilities) => this.claims.execute(connectorId, limit, capabilities),
      settle: (result) => {
        settler.push(result);
      },
      lowWater: () => {
        this.loop.wake();
      },
    });
    return { pipeline, settler };
  }
}

/** From now to the next instant at which anything comes due; the database says it, this process only measures the span. */
async function untilNextDue_ms(tx: Tx): Promise<number | null> {
  const next = await tx.one<{ wait_ms: number | null }>(
    `SELECT extract(epoch FROM least(
         (SELECT min(scheduled_at) FROM payout WHERE status = 'SCHEDULED' AND NOT held AND scheduled_at > tranche_now()),
         (SELECT min(next_check_at) FROM payout_intent WHERE next_check_at > tranche_now())
       ) - tranche_now())::double precision * 1000 AS wait_ms`,
  );
  return next?.wait_ms ?? null;
}
