import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import type { Tx } from '../../platform/database/index.js';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import type { Host } from '../host.js';
import { OriginRepository } from '../origin.repository.js';
import { TakeBatch } from '../take-batch.js';
import { batchHref, withoutPrefix } from './batch-response.js';
import type { BatchHeaderDto } from './batch.dto.js';
import { linkTo, PaypalRefusal, validationError } from './paypal-refusal.js';
import { readBatch } from './read-batch.js';
import { StandingQueries } from './standing.queries.js';
import { batchStatus } from './transaction-status.js';

/** For so long no second batch comes under a sender's key (PayPal's rule). */
const BATCH_KEY_DAYS = 30;

export interface CreateBatchCommand {
  readonly merchantId: string;
  readonly body: unknown;
  readonly host: Host;
}

/**
 * Takes a batch as PayPal does, whole or not at all.
 * Safe to crash here because it is one transaction with the bulk, with which the lock on the sender's key ends.
 */
@Injectable()
export class CreateBatch {
  constructor(
    private readonly batches: TakeBatch,
    private readonly origins: OriginRepository,
    private readonly standings: StandingQueries,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(tx: Tx, { merchantId, body, host }: CreateBatchCommand): Promise<BatchHeaderDto> {
    const read = readBatch(body, this.configuration.maxBulkItems);
    if ('details' in read) throw validationError(read.details);
    const { batchKey, header, items } = read;
    if (batchKey !== null) await this.refuseRepeated(tx, { merchantId, batchKey, host });

    const payouts = items.map(({ amount, currency, payoutMethod, itemKey, sent }) => {
      const payoutId = newUuid();
      const reference = withoutPrefix(toTypeId('payout', payoutId));
      return { payoutId, itemKey, sent, item: { reference, amount, currency, payout_method: payoutMethod } };
    });
    const bulkId = await this.batches.execute(tx, { merchantId, door: 'paypal', batchKey, sent: header, payouts });
    const id = toTypeId('bulk', bulkId);
    tx.note({ changes: [], subject: id });
    return { payout_batch_id: withoutPrefix(id), batch_status: 'PENDING', sender_batch_header: header };
  }

  /** @throws USER_BUSINESS_ERROR with the way to the first batch; a batch that was denied has let its key go. */
  private async refuseRepeated(
    tx: Tx,
    { merchantId, batchKey, host }: { merchantId: string; batchKey: string; host: Host },
  ): Promise<void> {
    await this.origins.lockBatchKey(tx, merchantId, { door: 'paypal', batchKey });
    const first = await this.origins.bulkByKey(tx, merchantId, { door: 'paypal', batchKey, days: BATCH_KEY_DAYS });
    if (first === null || batchStatus(await this.standings.of(tx, merchantId, first)) === 'DENIED') return;
    throw new PaypalRefusal('USER_BUSINESS_ERROR', [
      {
        field: 'SENDER_BATCH_ID',
        location: 'body',
        issue: 'Batch with given sender_batch_id already exists',
        link: [linkTo(batchHref(host, withoutPrefix(toTypeId('bulk', first))))],
      },
    ]);
  }
}
