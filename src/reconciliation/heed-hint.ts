import { Inject, Injectable } from '@nestjs/common';
import type { Hint } from '../connectors/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions } from '../platform/database/index.js';
import { ProviderBooksRepository } from './provider-books.repository.js';

/** What was heeded lately, so that a copy of it moves nothing: some 2 MB. A copy of what is forgotten costs one look. */
const REMEMBERED_MAX = 10_000;

/** `heeded`: also where there was nothing to look at. */
export type Heeding = 'heeded' | 'forged' | 'unavailable';

/**
 * A provider says that a payment has changed: it is asked now instead of later. Safe to crash here because a look is all that
 * comes of it, within the rate and the calls of the connector, and whoever was not answered says it again.
 */
@Injectable()
export class HeedHint {
  private readonly remembered = new Set<string>();
  /** What hints are being heeded about: one at a time, because the look that one brings serves all that is said meanwhile. */
  private readonly inHand = new Set<string>();

  constructor(
    private readonly transactions: Transactions,
    private readonly books: ProviderBooksRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(connectorId: string, hint: Hint): Promise<Heeding> {
    const payment = `${connectorId} ${hint.providerReference}`;
    if (this.remembered.has(`${payment} ${hint.notificationId}`)) return 'heeded';
    if (this.inHand.has(payment)) return 'unavailable';
    this.inHand.add(payment);
    try {
      return await this.heed(connectorId, hint);
    } finally {
      this.inHand.delete(payment);
    }
  }

  /** The provider is asked whose hint it is only where a look would follow: so what names nothing of ours costs no call. */
  private async heed(connectorId: string, hint: Hint): Promise<Heeding> {
    const { providerReference, notificationId } = hint;
    const look = { connectorId, providerReference, lease_s: this.configuration.lease_s };
    const next = await this.transactions.asEngine((tx) => this.books.nextLook(tx, look));
    if (next === null) return 'heeded';
    // A look that is out may have asked before the change: what is still to come is asked for again, what is paid is not.
    if (!next.isFar) return next.isLast ? 'unavailable' : 'heeded';
    const confirmation = await hint.confirm();
    if (confirmation !== 'genuine') return confirmation;
    const isBroughtForward = await this.transactions.asEngine(async (tx) => {
      const brought = await this.books.bringForward(tx, look);
      if (brought) tx.wake('execute');
      return brought;
    });
    // Meanwhile another process did it.
    if (!isBroughtForward) return 'unavailable';
    this.remember(`${connectorId} ${providerReference} ${notificationId}`);
    return 'heeded';
  }

  private remember(name: string): void {
    const [oldest] = this.remembered;
    if (this.remembered.size >= REMEMBERED_MAX && oldest !== undefined) this.remembered.delete(oldest);
    this.remembered.add(name);
  }
}
