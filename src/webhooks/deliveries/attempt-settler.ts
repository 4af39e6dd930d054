import { Logger } from '@nestjs/common';
import type { Transactions } from '../../platform/database/index.js';
import { GroupSettler } from '../../platform/workers/index.js';
import type { SentDelivery } from './deliver.js';
import type { SettleDeliveries } from './settle-deliveries.js';

/** Groups of the same lanes would only wait for each other. */
const GROUPS_AT_ONCE = 1;

/** Settles the attempts that have ended. */
export class AttemptSettler {
  private readonly logger = new Logger(AttemptSettler.name);
  private readonly groups = new GroupSettler<SentDelivery>(AttemptSettler.name, {
    groupsAtOnce: GROUPS_AT_ONCE,
    settle: async (sent) => {
      this.settled(sent, await this.transactions.asEngine((tx) => this.settle.execute(tx, sent)));
    },
    giveUp: (sent) => {
      this.logger.error(`delivery ${sent.delivery.id} is sent again when its lease ends`);
      this.settled([sent], []);
    },
  });

  /** @param settled hears after every commit what was sent and what of it counted. */
  constructor(
    private readonly transactions: Transactions,
    private readonly settle: SettleDeliveries,
    private readonly settled: (sent: readonly SentDelivery[], counted: readonly SentDelivery[]) => void,
  ) {}

  push(sent: SentDelivery): void {
    this.groups.push(sent);
  }

  /** Resolves when everything that was pushed is settled. */
  drain(): Promise<void> {
    return this.groups.drain();
  }
}
