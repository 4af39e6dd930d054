import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions } from '../platform/database/index.js';
import { CancelUnclaimed } from './cancel-unclaimed.js';
import { ProviderBooksRepository, type WaitingPayment } from './provider-books.repository.js';

/** One by one each takes a call to its provider; so many are read at once. */
const ROWS_PER_SLICE = 200;

/**
 * Takes back what nobody has claimed in UNCLAIMED_DAYS, as if the merchant had cancelled it. A provider that refuses, or can
 * not, is asked again at the next run: it may give the money back by itself in the meantime, and then says so.
 * Safe to crash anywhere, and to run twice at once, because cancelling what is cancelled says nothing new.
 */
@Injectable()
export class ExpireUnclaimed {
  private readonly logger = new Logger(ExpireUnclaimed.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly books: ProviderBooksRepository,
    private readonly cancel: CancelUnclaimed,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(): Promise<void> {
    // One that does not answer is left alone until the next run, or its time-outs would outlast this one.
    const silent = new Set<string>();
    let kept = 0;
    for (let slice = await this.after(null); slice.length > 0; slice = await this.after(slice.at(-1)?.payoutId ?? null)) {
      for (const waiting of slice) {
        const outcome = silent.has(waiting.connectorId) ? 'unavailable' : await this.cancel.execute(waiting);
        if (outcome === 'unavailable') silent.add(waiting.connectorId);
        if (outcome !== 'answered') kept += 1;
      }
    }
    if (kept > 0) this.logger.warn(`${kept} payments that nobody claimed in time were not given back; they are asked for again`);
  }

  private after(payoutId: string | null): Promise<WaitingPayment[]> {
    const { unclaimed_days: days } = this.configuration;
    return this.transactions.asEngine((tx) => this.books.unclaimedFor(tx, { days, after: payoutId, limit: ROWS_PER_SLICE }));
  }
}
