import { Injectable } from '@nestjs/common';
import { BulkQueries, toBulkResponse } from '../../bulks/index.js';
import { PayoutQueries, type PayoutView } from '../../payouts/index.js';
import type { Tx } from '../../platform/database/index.js';
import { fromTypeId, type IdKind } from '../../platform/ids/index.js';
import type { Host } from '../host.js';
import { type BulkOrigin, OriginRepository, type Sent } from '../origin.repository.js';
import type { BatchQuery } from './batch-query.js';
import { batchHref, toBatchHeader, toItem, toSingleItem } from './batch-response.js';
import type { BatchDto, ItemDto } from './batch.dto.js';
import { invalidResourceId, linkTo } from './paypal-refusal.js';
import { StandingQueries } from './standing.queries.js';
import { batchStatus } from './transaction-status.js';

/** What is asked for: whose it is, its id at the door, and where links lead. */
export interface Asked {
  readonly merchantId: string;
  readonly id: string;
  readonly host: Host;
}

/** A bulk and its payouts as a client of PayPal sees them, whichever way they came in. */
@Injectable()
export class PaypalQueries {
  constructor(
    private readonly bulks: BulkQueries,
    private readonly payouts: PayoutQueries,
    private readonly origins: OriginRepository,
    private readonly standings: StandingQueries,
  ) {}

  /** @throws INVALID_RESOURCE_ID */
  async batch(
    tx: Tx,
    { merchantId, id, host }: Asked,
    { page, pageSize, totalRequired, headerOnly }: BatchQuery,
  ): Promise<BatchDto> {
    const bulkId = uuidOf('bulk', id);
    const bulk = await this.bulks.find(tx, merchantId, bulkId);
    if (bulk === null) throw invalidResourceId();
    const status = batchStatus(await this.standings.of(tx, merchantId, bulkId));
    const origin = await this.origins.ofBulk(tx, merchantId, { bulkId, door: 'paypal' });
    const stretch = { from: (page - 1) * pageSize, count: pageSize };
    return {
      ...(totalRequired ? { total_items: bulk.item_count, total_pages: Math.ceil(bulk.item_count / pageSize) } : {}),
      batch_header: toBatchHeader(toBulkResponse(bulk), status, origin),
      ...(headerOnly ? {} : { items: await this.items(tx, { merchantId, bulkId, host, origin }, stretch) }),
      links: [linkTo(batchHref(host, id))],
    };
  }

  /** @throws INVALID_RESOURCE_ID */
  async item(tx: Tx, { merchantId, id, host }: Asked): Promise<ItemDto> {
    const payout = await this.payouts.find(tx, merchantId, uuidOf('payout', id));
    if (payout === null) throw invalidResourceId();
    const batch = await this.origins.ofBulk(tx, merchantId, { bulkId: payout.bulk_id, door: 'paypal' });
    const sent = await this.sentOf(tx, batch, [payout]);
    return toSingleItem(this.payouts.toResponse(payout), sent.get(payout.id) ?? null, { batch, host });
  }

  private async items(
    tx: Tx,
    { merchantId, bulkId, host, origin }: { merchantId: string; bulkId: string; host: Host; origin: BulkOrigin | null },
    stretch: { from: number; count: number },
  ): Promise<ItemDto[]> {
    const payouts = await this.payouts.stretchOfBulk(tx, { merchantId, bulkId }, stretch);
    const sent = await this.sentOf(tx, origin, payouts);
    return payouts.map((payout) => toItem(this.payouts.toResponse(payout), sent.get(payout.id) ?? null, host));
  }

  /** Nothing where the batch came in by another way. */
  private async sentOf(tx: Tx, batch: BulkOrigin | null, payouts: readonly PayoutView[]): Promise<ReadonlyMap<string, Sent>> {
    const [first] = payouts;
    if (batch === null || first === undefined) return new Map();
    return this.origins.ofPayouts(
      tx,
      first.merchant_id,
      payouts.map(({ id }) => id),
    );
  }
}

/** The id in our books of what the door shows without its kind. @throws INVALID_RESOURCE_ID */
function uuidOf(kind: IdKind, id: string): string {
  const uuid = fromTypeId(kind, `${kind}_${id}`);
  if (uuid === null) throw invalidResourceId();
  return uuid;
}
