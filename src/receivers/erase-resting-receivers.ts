import { Inject, Injectable, Logger } from '@nestjs/common';
import { ReceiverKeys } from '../bulks/index.js';
import { recordAudit } from '../platform/audit/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions } from '../platform/database/index.js';
import { ReceiverErasures, type RestingReceiver } from './receiver-erasures.repository.js';

/**
 * Forgets receivers to whose payouts nothing has happened in RECEIVERS_RETENTION_DAYS.
 * Safe to crash here because each slice of a merchant is one transaction with its audit entry.
 */
@Injectable()
export class EraseRestingReceivers {
  private readonly logger = new Logger(EraseRestingReceivers.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly keys: ReceiverKeys,
    private readonly erasures: ReceiverErasures,
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
    if (erased > 0) this.logger.log(`erased ${erased} receivers of whom nothing was heard in ${days} days`);
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
      await recordAudit(tx, {
        merchantId,
        actor: { kind: 'system', id: 'erase-resting-receivers' },
        requestId: null,
        action: 'eraseReceivers',
        subject: null,
        changes: [{ field: 'receivers', before: receivers.length, after: 0 }],
      });
      return receivers.length;
    });
  }
}
