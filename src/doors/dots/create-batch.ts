import { Inject, Injectable } from '@nestjs/common';
import { ReceiverKeys } from '../../bulks/index.js';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import type { Tx } from '../../platform/database/index.js';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import { OriginRepository } from '../origin.repository.js';
import { TakeBatch } from '../take-batch.js';
import { digestOf } from './digest.js';
import { DotsRefusal } from './dots-refusal.js';
import { type ReadBatch, readBatch } from './read-batch.js';
import { receiverOf } from './receiver.js';
import { UserRepository } from './user.repository.js';

/**
 * Takes a batch as Dots does: what can not be paid of it, fails alone.
 * Safe to crash here because it is one transaction with the bulk, with which the lock on the sender's key ends.
 */
@Injectable()
export class CreateBatch {
  constructor(
    private readonly batches: TakeBatch,
    private readonly origins: OriginRepository,
    private readonly users: UserRepository,
    private readonly receivers: ReceiverKeys,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /**
   * @returns the uuid of the bulk: under a key that was sent before, of the first.
   * @throws invalid-input, idempotency-key-reused
   */
  async execute(tx: Tx, merchantId: string, body: unknown): Promise<string> {
    const batch = readBatch(body, this.configuration.maxBulkItems);
    const digest = digestOf([batch.metadata, batch.items.map(({ sent }) => sent)]);
    const bulkId =
      (await this.first(tx, merchantId, { batchKey: batch.batchKey, digest })) ??
      (await this.create(tx, merchantId, { batch, digest }));
    tx.note({ changes: [], subject: toTypeId('bulk', bulkId) });
    return bulkId;
  }

  private async first(
    tx: Tx,
    merchantId: string,
    { batchKey, digest }: { batchKey: string | null; digest: string },
  ): Promise<string | null> {
    if (batchKey === null) return null;
    await this.origins.lockBatchKey(tx, merchantId, { door: 'dots', batchKey });
    const bulkId = await this.origins.bulkByKey(tx, merchantId, { door: 'dots', batchKey, days: null });
    if (bulkId === null) return null;
    const origin = await this.origins.ofBulk(tx, merchantId, { bulkId, door: 'dots' });
    if (origin?.sent['digest'] !== digest) throw new DotsRefusal('idempotency-key-reused');
    return bulkId;
  }

  private async create(
    tx: Tx,
    merchantId: string,
    { batch: { batchKey, metadata, items }, digest }: { batch: ReadBatch; digest: string },
  ): Promise<string> {
    // Before they are read: whoever erases one of them waits for us, or we for him, and then find him no more.
    await this.receivers.hold(tx, merchantId);
    const users = await this.users.find(tx, merchantId, [...new Set(items.map(({ userId }) => userId))]);
    const payouts = items.map(({ key, amount, sent, ...asked }) => ({
      payoutId: newUuid(),
      itemKey: key,
      sent,
      item: { reference: key, amount, currency: 'USD', ...receiverOf(users.get(asked.userId), asked) },
    }));
    return this.batches.execute(tx, { merchantId, door: 'dots', batchKey, sent: { metadata, digest }, payouts });
  }
}
