import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { Readiness, type ReadinessCheck } from '../platform/observability/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../platform/workers/index.js';
import { CompareBooks } from './compare-books.js';
import { QuarantineRepository, type QuarantineState } from './quarantine.repository.js';

/** What an operator sees of it. */
export interface QuarantineFacts {
  readonly since: Date;
  /** What its end waits for; null where that is not known yet. */
  readonly detail: string | null;
}

/** Between two comparisons: each may be a provider's list of a whole day. */
const COMPARE_MS = 5_000;

/**
 * Sending is off, for every process, while the database may have lost commits: nothing is claimed and nothing is sent; looks
 * and the comparison of books go on. It ends by itself when a whole comparison has matched, or by an operator's word
 * (docs/adr/0014-quarantine-ends-when-the-books-match.md).
 */
@Injectable()
export class Quarantine implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, ReadinessCheck {
  readonly name = 'quarantine';
  private readonly logger = new Logger(Quarantine.name);
  private readonly loop = new WakefulLoop(Quarantine.name, () => this.round());
  private comparedAt = -Infinity;

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: QuarantineRepository,
    private readonly books: CompareBooks,
    private readonly readiness: Readiness,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Before any worker of this process starts: those begin at the bootstrap. */
  async onModuleInit(): Promise<void> {
    this.readiness.add(this);
    if (!this.configuration.quarantine) return;
    await this.transactions.asEngine((tx) => this.repository.enter(tx));
    this.logger.warn('quarantine: nothing is sent until the books of every provider have been compared with ours');
  }

  onApplicationBootstrap(): void {
    if (this.configuration.roles.has('worker')) this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** A process in quarantine is ready: it takes bulks, validates them and tells; what waits is said here. */
  async check(): Promise<{ readonly note: string } | null> {
    const state = await this.transactions.asEngine((tx) => this.repository.find(tx));
    return state === null ? null : { note: `nothing is sent: ${state.detail ?? 'the books are being compared'}` };
  }

  async find(tx: Tx): Promise<QuarantineFacts | null> {
    const state = await this.repository.find(tx);
    return state === null ? null : { since: state.since_at, detail: state.detail };
  }

  /** An operator knows better, or takes the risk. @returns false where none was on. */
  async liftByHand(tx: Tx, reason: string): Promise<boolean> {
    const state = await this.repository.find(tx);
    if (state === null) return false;
    await this.lift(tx, state);
    tx.afterCommit(() => this.logger.warn(`the quarantine was lifted by an operator: ${reason}`));
    return true;
  }

  /** Ends it where the books match, or says what they wait for. @returns whether there was one. */
  async compare(): Promise<boolean> {
    const state = await this.transactions.asEngine((tx) => this.repository.find(tx));
    if (state === null) return false;
    const faults = await this.books.execute(state);
    if (faults.length > 0) await this.waitFor(faults.join('; '), state);
    else await this.transactions.asEngine((tx) => this.end(tx, state));
    return true;
  }

  private async round(): Promise<number> {
    const now = performance.now();
    if (now - this.comparedAt >= COMPARE_MS && (await this.compare())) this.comparedAt = now;
    return SLEEP_MAX_MS;
  }

  private async waitFor(detail: string, state: QuarantineState): Promise<void> {
    if (detail === state.detail) return;
    this.logger.warn(`the quarantine goes on: ${detail}`);
    await this.transactions.asEngine((tx) => this.repository.note(tx, detail));
  }

  private async end(tx: Tx, state: QuarantineState): Promise<void> {
    if (!(await this.lift(tx, state))) return;
    tx.afterCommit(() => this.logger.log('the quarantine is over: the books of every provider match ours'));
  }

  private lift(tx: Tx, state: QuarantineState): Promise<boolean> {
    tx.wake('execute');
    return this.repository.lift(tx, state.since);
  }
}
