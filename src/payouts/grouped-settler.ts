import { Logger } from '@nestjs/common';
import type { ConnectorRepository, ConnectorTrafficRepository } from '../connectors/index.js';
import { CommitOutcomeUnknownError, isConnectionLost, type Transactions, type Tx } from '../platform/database/index.js';
import type { CallResult } from './call-provider.js';
import type { ExecutionMetrics } from './execution-metrics.js';
import type { SettleIntents } from './settle-intents.js';

export interface SettlerPorts {
  readonly connectorId: string;
  readonly transactions: Transactions;
  readonly settle: SettleIntents;
  readonly connectors: ConnectorRepository;
  readonly traffic: ConnectorTrafficRepository;
  readonly metrics: ExecutionMetrics;
}

/** One statement's most. */
const GROUP_MAX = 500;
/** Two groups at once: one is prepared while the other is committed. */
const GROUPS_AT_ONCE = 2;
/** While the database is away the findings are kept and tried again this often; their leases bring others in if it takes long. */
const RETRY_MS = 500;

/**
 * Collects the results of one connector's calls and settles them in groups: at once while idle, in larger groups the busier
 * it gets. No result is dropped because the database is away for a moment.
 */
export class GroupedSettler {
  private readonly logger = new Logger(GroupedSettler.name);
  private readonly queue: CallResult[] = [];
  private readonly groups = new Set<Promise<void>>();

  constructor(private readonly ports: SettlerPorts) {}

  push(result: CallResult): void {
    this.queue.push(result);
    // A turn of the event loop later, so that answers that came together are settled together.
    if (this.queue.length === 1)
      setImmediate(() => {
        this.flush();
      });
  }

  /** Resolves when everything that was pushed is settled. */
  async drain(): Promise<void> {
    this.flush();
    while (this.groups.size > 0) await Promise.all(this.groups);
  }

  private flush(): void {
    while (this.queue.length > 0 && this.groups.size < GROUPS_AT_ONCE) {
      const group = this.settleGroup(this.queue.splice(0, GROUP_MAX)).finally(() => {
        this.groups.delete(group);
        this.flush();
      });
      this.groups.add(group);
    }
  }

  private async settleGroup(results: readonly CallResult[]): Promise<void> {
    for (;;) {
      try {
        await this.settleOnce(results);
        return;
      } catch (error) {
        const cause = error instanceof Error ? error.stack : String(error);
        // Where the commit's outcome is unknown, too: if it was committed, the fence has risen and a second try writes nothing.
        if (isConnectionLost(error) || error instanceof CommitOutcomeUnknownError) {
          this.logger.warn(`the database is away; ${results.length} results are kept and tried again in ${RETRY_MS} ms`);
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        if (results.length > 1) {
          this.logger.error(`settling ${results.length} results together failed; each goes alone`, cause);
          for (const result of results) await this.settleGroup([result]);
          return;
        }
        this.logger.error(`settling payout ${results[0]?.finding.payoutId} failed; it is looked up when its lease ends`, cause);
        return;
      }
    }
  }

  private async settleOnce(results: readonly CallResult[]): Promise<void> {
    const settled = await this.ports.transactions.asEngine(async (tx) => {
      const counted = await this.ports.settle.execute(
        tx,
        results.map(({ finding }) => finding),
      );
      await this.judgeConnector(tx, results);
      return counted;
    });
    const late = results.length - settled.size;
    if (late === 0) return;
    this.ports.metrics.resultDropped(late);
    this.logger.warn(`${late} results came after their lease and were dropped; whoever took the payouts over resolves them`);
  }

  /** Pauses the connector where every further call would fail alike: never fail 1000 payouts for a wrong token. */
  private async judgeConnector(tx: Tx, results: readonly CallResult[]): Promise<void> {
    const { connectorId, connectors } = this.ports;
    const systemic = results.find((result) => result.systemic !== null)?.systemic;
    if (systemic !== undefined && systemic !== null) await connectors.pause(tx, connectorId, { by: 'engine', reason: systemic });
    await this.recordTraffic(tx, results);
    const answers = results.flatMap(({ readable }) => readable ?? []);
    const lastReadable = answers.lastIndexOf(true);
    await connectors.countAnswers(tx, connectorId, {
      readable: answers.filter(Boolean).length,
      unreadableAtEnd: answers.length - 1 - lastReadable,
    });
  }

  /** What these calls say of the provider holds for the calls of every process. */
  private async recordTraffic(tx: Tx, results: readonly CallResult[]): Promise<void> {
    const { connectorId, traffic, metrics } = this.ports;
    const reached = results.flatMap(({ reach }) => reach ?? []);
    const wishes = results.flatMap(({ busy_ms }) => busy_ms ?? []);
    const change = await traffic.record(tx, connectorId, {
      answered: reached.filter((reach) => reach === 'answered').length,
      faultsAtEnd: reached.length - 1 - reached.lastIndexOf('answered'),
      busy_ms: wishes.length === 0 ? null : Math.max(...wishes),
    });
    if (change?.open_ms != null) {
      const { faultStreak, open_ms } = change;
      tx.wake('execute');
      tx.afterCommit(() => {
        metrics.breakerOpened();
        this.logger.error(`breaker of connector ${connectorId} opens for ${open_ms} ms: ${faultStreak} sends in a row failed`);
      });
    }
    if (change?.closes === true) {
      tx.wake('execute');
      tx.afterCommit(() => this.logger.log(`breaker of connector ${connectorId} closes: the provider answers again`));
    }
  }
}
