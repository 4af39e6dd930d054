import { Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { CommitOutcomeUnknownError, isConnectionLost, type Transactions } from '../platform/database/index.js';
import type { SentDelivery } from './deliver.js';
import type { SettleDeliveries } from './settle-deliveries.js';

/** One statement's most. */
const GROUP_MAX = 500;
/** While the database is away the results are kept and tried again this often; the leases bring others in if it takes long. */
const RETRY_MS = 500;

/**
 * Collects the attempts that have ended and settles them in groups: at once while idle, in larger groups the busier it
 * gets. One group at a time, since groups of the same lanes would only wait for each other.
 */
export class AttemptSettler {
  private readonly logger = new Logger(AttemptSettler.name);
  private readonly queue: SentDelivery[] = [];
  private settling: Promise<void> | null = null;

  /** @param settled hears after every commit what was sent and what of it counted. */
  constructor(
    private readonly transactions: Transactions,
    private readonly settle: SettleDeliveries,
    private readonly settled: (sent: readonly SentDelivery[], counted: readonly SentDelivery[]) => void,
  ) {}

  push(sent: SentDelivery): void {
    this.queue.push(sent);
    // A turn of the event loop later, so that answers that came together are settled together.
    this.settling ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.settleAll());
  }

  /** Resolves when everything that was pushed is settled. */
  async drain(): Promise<void> {
    while (this.settling !== null) await this.settling;
  }

  private async settleAll(): Promise<void> {
    while (this.queue.length > 0) await this.settleGroup(this.queue.splice(0, GROUP_MAX));
    this.settling = null;
  }

  private async settleGroup(sent: readonly SentDelivery[]): Promise<void> {
    for (;;) {
      try {
        const counted = await this.transactions.asEngine((tx) => this.settle.execute(tx, sent));
        this.settled(sent, counted);
        return;
      } catch (error) {
        // Where the commit's outcome is unknown, too: if it was committed, the fence has risen and a second try writes nothing.
        if (isConnectionLost(error) || error instanceof CommitOutcomeUnknownError) {
          this.logger.warn(`the database is away; ${sent.length} results are kept and tried again in ${RETRY_MS} ms`);
          await wait(RETRY_MS);
          continue;
        }
        return this.giveUpOn(sent, error);
      }
    }
  }

  /** A fault that one result brings must not cost the others theirs. */
  private async giveUpOn(sent: readonly SentDelivery[], error: unknown): Promise<void> {
    const cause = error instanceof Error ? error.stack : String(error);
    if (sent.length > 1) {
      this.logger.error(`settling ${sent.length} attempts together failed; each goes alone`, cause);
      for (const one of sent) await this.settleGroup([one]);
      return;
    }
    this.logger.error(`settling delivery ${sent[0]?.delivery.id} failed; it is sent again when its lease ends`, cause);
    this.settled(sent, []);
  }
}
