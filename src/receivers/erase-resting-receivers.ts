import { Inject, Injectable, Logger } from '@nestjs/common';
import { ReceiverKeys } from '../bulks/index.js';
import { PayoutLinkRepository } from '../payout-links/index.js';
import { recordAudit } from '../platform/audit/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { ReceiverErasures, type RestingReceiver } from './receiver-erasures.repository.js';

/**
 * Forgets receivers to whose payouts nothing has happened in RECEIVERS_RETENTION_DAYS, and whom payout links were for.
 * Safe to crash here because each slice of a merchant is one transaction with its audit entry.
 */
@Injectable()
export class EraseRestingReceivers {
  private readonly logger = new Logger(EraseRestingReceivers.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly keys: ReceiverKeys,
    private readonly erasures: ReceiverErasures,
    private readonly links: PayoutLinkRepository,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'receiversRetention_days'>,
  ) {}

  async execute(): Promise<void> {
    const { receiversRetention_days: days } = this.configuration;
    if (days === null) return;
    let erased = 0;
    for (let slice = await this.next(null, days); slice.length > 0; slice = await this.next(slice.at(-1)?.id ?? null, days)) {
      const resting = slice.filter(({ rests }) => rests);
      for (const merchantId of new Set(resting.map(({ merchant_id }) => merchant_id))) {
        const ids = resting.filter(({ merchant_id }) => merchant_id === merchantId).map(({ id }) => id);
        erased += await this.erase(merchantId, ids, days);
      }
    }
    const links = await this.eraseLinks(days);
    if (links > 0) this.logger.log(`erased whom ${links} payout links were for, of which nothing was heard in ${days} days`);
    if (erased > 0) this.logger.log(`erased ${erased} receivers of whom nothing was heard in ${days} days`);
  }

  private async eraseLinks(days: number): Promise<number> {
    let erased = 0;
    for (let count = 1; count > 0; erased += count)
      count = await this.transactions.asEngine((tx) => this.eraseSomeLinks(tx, days));
    return erased;
  }

  private async eraseSomeLinks(tx: Tx, days: number): Promise<number> {
    const links = await this.erasures.restingLinks(tx, days);
    for (const merchantId of new Set(links.map(({ merchant_id }) => merchant_id))) {
      const ids = links.filter(({ merchant_id }) => merchant_id === merchantId).map(({ id }) => id);
      await this.links.forget(tx, merchantId, ids);
      await this.audit(tx, merchantId, { field: 'payout_links', before: ids.length, after: 0 });
    }
    return links.length;
  }

  private next(behind: string | null, days: number): Promise<RestingReceiver[]> {
    return this.transactions.asEngine((tx) => this.erasures.next(tx, behind, days));
  }

  private erase(merchantId: string, ids: readonly string[], days: number): Promise<number> {
    return this.transactions.asEngine(async (tx) => {
      await this.keys.stop(tx, merchantId);
      const receivers = await this.erasures.stillResting(tx, ids, days);
      if (receivers.length === 0) return 0;
      await this.erasures.erase(tx, receivers);
      await this.audit(tx, merchantId, { field: 'receivers', before: receivers.length, after: 0 });
      return receivers.length;
    });
  }

  private audit(tx: Tx, merchantId: string, change: { field: string; before: number; after: number }): Promise<void> {
    return recordAudit(tx, {
      merchantId,
      actor: { kind: 'system', id: 'erase-resting-receivers' },
      requestId: null,
      action: 'eraseReceivers',
      subject: null,
      changes: [change],
    });
  }
}
