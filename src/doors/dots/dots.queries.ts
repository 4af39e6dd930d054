import { Injectable } from '@nestjs/common';
import { BulkQueries, type BulkView } from '../../bulks/index.js';
import { PayoutQueries } from '../../payouts/index.js';
import type { Tx } from '../../platform/database/index.js';
import type { KeysetPage, PageQuery } from '../../platform/http/index.js';
import { OriginRepository } from '../origin.repository.js';
import { toBatch, toResult } from './batch-response.js';
import type { BatchDto, BatchResultsDto } from './batch.dto.js';
import { notFound } from './dots-refusal.js';
import { type User, UserRepository } from './user.repository.js';

/** Bulks and their payouts as a client of Dots sees them, whichever way they came in. */
@Injectable()
export class DotsQueries {
  constructor(
    private readonly bulks: BulkQueries,
    private readonly payouts: PayoutQueries,
    private readonly origins: OriginRepository,
    private readonly userRows: UserRepository,
  ) {}

  /** @throws not-found */
  async user(tx: Tx, merchantId: string, id: string): Promise<User> {
    const user = (await this.userRows.find(tx, merchantId, [id])).get(id);
    if (user === undefined) throw notFound();
    return user;
  }

  users(tx: Tx, merchantId: string, page: PageQuery): Promise<KeysetPage<User>> {
    return this.userRows.list(tx, merchantId, page);
  }

  /** @throws not-found */
  async batch(tx: Tx, merchantId: string, id: string): Promise<BatchDto> {
    const [batch] = await this.toBatches(tx, merchantId, [await this.bulk(tx, merchantId, id)]);
    if (batch === undefined) throw notFound();
    return batch;
  }

  /** Newest first. */
  async batches(tx: Tx, merchantId: string, page: PageQuery): Promise<KeysetPage<BatchDto>> {
    const filter = { merchantId, status: null, reference: null, createdAfter: null, createdBefore: null };
    const { rows, hasMore } = await this.bulks.list(tx, filter, page);
    return { rows: await this.toBatches(tx, merchantId, rows), hasMore };
  }

  /** With every item, in the order sent. @throws not-found */
  async results(
    tx: Tx,
    { merchantId, id, includesRequest }: { merchantId: string; id: string; includesRequest: boolean },
  ): Promise<BatchResultsDto> {
    const bulk = await this.bulk(tx, merchantId, id);
    const origin = await this.origins.ofBulk(tx, merchantId, { bulkId: id, door: 'dots' });
    const payouts = await this.payouts.stretchOfBulk(tx, { merchantId, bulkId: id }, { from: 0, count: bulk.item_count });
    const ids = origin === null ? [] : payouts.map((payout) => payout.id);
    const sent = await this.origins.ofPayouts(tx, merchantId, ids);
    return {
      ...toBatch(bulk, origin ?? undefined),
      items: payouts.map((payout) => toResult(payout, sent.get(payout.id), includesRequest)),
    };
  }

  private async bulk(tx: Tx, merchantId: string, id: string): Promise<BulkView> {
    const bulk = await this.bulks.find(tx, merchantId, id);
    if (bulk === null) throw notFound();
    return bulk;
  }

  private async toBatches(tx: Tx, merchantId: string, bulks: readonly BulkView[]): Promise<BatchDto[]> {
    const bulkIds = bulks.map(({ id }) => id);
    const origins = await this.origins.ofBulks(tx, merchantId, { bulkIds, door: 'dots' });
    return bulks.map((bulk) => toBatch(bulk, origins.get(bulk.id)));
  }
}
