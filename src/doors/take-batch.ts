import { Injectable } from '@nestjs/common';
import { CreateBulk, PLAIN_BULK } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { type Door, OriginRepository, type Sent } from './origin.repository.js';

/** One payout of a batch: as a native bulk has it, and as it was sent. */
export interface BatchPayout {
  readonly payoutId: string;
  /** The sender's own key of it. */
  readonly itemKey: string | null;
  readonly item: object;
  readonly sent: Sent;
}

export interface TakeBatchCommand {
  readonly merchantId: string;
  readonly door: Door;
  readonly batchKey: string | null;
  /** The head of the batch as it was sent. */
  readonly sent: Sent;
  readonly payouts: readonly BatchPayout[];
}

/**
 * Makes a bulk of a batch that a door has read, whose payouts run at once, and keeps what was sent.
 * Safe to crash here because it is one transaction: either there are both or neither.
 */
@Injectable()
export class TakeBatch {
  constructor(
    private readonly bulks: CreateBulk,
    private readonly origins: OriginRepository,
  ) {}

  /** @returns the uuid of the bulk. */
  async execute(tx: Tx, { merchantId, door, batchKey, sent, payouts }: TakeBatchCommand): Promise<string> {
    const bulkId = await this.bulks.execute(tx, {
      ...PLAIN_BULK,
      merchantId,
      invalidItems: 'drop',
      payoutIds: payouts.map(({ payoutId }) => payoutId),
      items: payouts.map(({ item }) => item),
    });
    await this.origins.insertBulk(tx, merchantId, { bulkId, door, batchKey, sent });
    await this.origins.insertPayouts(tx, merchantId, payouts);
    return bulkId;
  }
}
