import { Logger } from '@nestjs/common';
import type { ConnectorRepository, ConnectorTrafficRepository } from '../connectors/index.js';
import { CommitOutcomeUnknownError, type Transactions, type Tx } from '../platform/database/index.js';
import { GroupSettler, type Pace } from '../platform/workers/index.js';
import type { CallResult } from './call-provider.js';
import type { ExecutionMetrics } from './execution-metrics.js';
import type { SettleIntents } from './settle-intents.js';

export interface SettlerPorts {
  readonly connectorId: string;
  readonly transactions: Pick<Transactions, 'asEngine'>;
  readonly settle: Pick<SettleIntents, 'execute'>;
  readonly connectors: ConnectorRepository;
  readonly traffic: ConnectorTrafficRepository;
  readonly metrics: Pick<ExecutionMetrics, 'countSettled' | 'resultDropped' | 'breakerOpened'>;
  readonly pace: Pace;
}

/** Settles the results of one connector's calls, and learns from them about the connector as a whole. */
export class CallSettler {
  private readonly logger = new Logger(CallSettler.name);
  private readonly groups: GroupSettler<CallResult>;
  /** Counted in a commit of unknown outcome: where one does not count again, that commit has written it. */
  private readonly unconfirmed = new WeakSet<CallResult>();

  constructor(private readonly ports: SettlerPorts) {
    this.groups = new GroupSettler(CallSettler.name, {
      settle: (results) => this.settle(results),
      giveUp: ({ finding }) => {
        this.logger.error(`payout ${finding.payoutId} is looked up when its lease ends`);
      },
      pace: ports.pace,
    });
  }

  push(result: CallResult): void {
    this.groups.push(result);
  }

  /** Resolves when everything that was pushed is settled. */
  drain(): Promise<void> {
    return this.groups.drain();
  }

  private async settle(results: readonly CallResult[]): Promise<void> {
    let counted: ReadonlySet<string> = new Set();
    let news = results;
    try {
      await this.ports.transactions.asEngine(async (tx) => {
        counted = await this.ports.settle.execute(
          tx,
          results.map(({ finding }) => finding),
        );
        news = results.filter((result) => counted.has(result.finding.payoutId) || !this.unconfirmed.has(result));
        await this.judgeConnector(tx, news);
      });
    } catch (error) {
      if (error instanceof CommitOutcomeUnknownError)
        for (const result of news) if (counted.has(result.finding.payoutId)) this.unconfirmed.add(result);
      throw error;
    }
    this.ports.metrics.countSettled(counted.size + results.length - news.length);
    const late = news.length - counted.size;
    if (late === 0) return;
    this.ports.metrics.resultDropped(late);
    this.logger.warn(`${late} results came after their lease and were dropped; whoever took the payouts over resolves them`);
  }

  /** Pauses the connector where every further call would fail alike: never fail 1000 payouts for a wrong token. */
  private async judgeConnector(tx: Tx, results: readonly CallResult[]): Promise<void> {
    const { connectorId, connectors } = this.ports;
    const systemic = results.find((result) => result.systemic !== null)?.systemic;
    if (systemic !== undefined && systemic !== null) await connectors.pause(tx, connectorId, { by: 'engine', reason: systemic });
    const answers = results.flatMap(({ readable }) => readable ?? []);
    const lastReadable = answers.lastIndexOf(true);
    const counted = { readable: answers.filter(Boolean).length, unreadableAtEnd: answers.length - 1 - lastReadable };
    await Promise.all([this.recordTraffic(tx, results), connectors.countAnswers(tx, connectorId, counted)]);
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
