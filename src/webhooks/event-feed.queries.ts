import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { invalidCursor, type KeysetPage } from '../platform/http/index.js';
import { fromTypeId } from '../platform/ids/index.js';

export interface EventRow {
  readonly id: string;
  /** The bytes of every delivery. */
  readonly body: Buffer;
}

export interface EventPage {
  /** An event id as it was given. */
  readonly after?: string | undefined;
  readonly type?: string | undefined;
  readonly limit: number;
}

export interface EventScope {
  /** Uuids; null: any. */
  readonly bulkId: string | null;
  readonly payoutId: string | null;
}

/**
 * What makes a cursor safe: every transaction below the horizon has ended, so nothing can appear any more before what was
 * shown (docs/adr, "The feed is ordered by transaction").
 */
const BELOW_HORIZON = 'AND feed < feed_horizon()';

/** One page in the order of the feed. */
const pageOf = (scope: string): string =>
  `SELECT id, body FROM event
   WHERE merchant_id = $1 AND (feed, place) > ($2::bigint, $3::bigint) AND ($4::text IS NULL OR type = $4) ${scope}
   ORDER BY feed, place LIMIT $5`;

/** One constant text per scope, so that each is prepared once and goes by its own index. */
const PAGE_OF_MERCHANT = pageOf(BELOW_HORIZON);
const PAGE_OF_BULK = pageOf(`AND bulk_id = $6 ${BELOW_HORIZON}`);
/**
 * Without the horizon: whoever writes an event of a payout holds its row, so its events are committed one after the other,
 * and a merchant who has just edited it reads the edit at once.
 */
const PAGE_OF_PAYOUT = pageOf('AND subject_id = $6 AND payout_id = $6 AND ($7::uuid IS NULL OR bulk_id = $7)');

/** Reads of the event feed: the same order for every reader, each payout's events in the order of their sequence. */
@Injectable()
export class EventFeedQueries {
  /** @throws `invalid_cursor` */
  async page(tx: Tx, merchantId: string, { page, scope }: { page: EventPage; scope: EventScope }): Promise<KeysetPage<EventRow>> {
    const from = await this.start(tx, merchantId, page.after);
    // One more than asked for tells whether there is more.
    const values = [merchantId, from.feed, from.place, page.type ?? null, page.limit + 1];
    const found = await this.read(tx, scope, values);
    return { rows: found.slice(0, page.limit), hasMore: found.length > page.limit };
  }

  /** Whether the merchant has such a bulk or payout. Each has at least the event of its creation. */
  async knows(tx: Tx, merchantId: string, { bulkId, payoutId }: EventScope): Promise<boolean> {
    const row = await tx.one(
      payoutId === null
        ? `SELECT 1 FROM event WHERE merchant_id = $1 AND bulk_id = $2 LIMIT 1`
        : `SELECT 1 FROM event WHERE merchant_id = $1 AND subject_id = $2 AND payout_id = $2 LIMIT 1`,
      [merchantId, payoutId ?? bulkId],
    );
    return row !== null;
  }

  private read(tx: Tx, { bulkId, payoutId }: EventScope, values: readonly unknown[]): Promise<EventRow[]> {
    type Row = EventRow & Record<string, unknown>;
    if (payoutId !== null) return tx.query<Row>(PAGE_OF_PAYOUT, [...values, payoutId, bulkId]);
    if (bulkId !== null) return tx.query<Row>(PAGE_OF_BULK, [...values, bulkId]);
    return tx.query<Row>(PAGE_OF_MERCHANT, values);
  }

  private async start(tx: Tx, merchantId: string, after: string | undefined): Promise<{ feed: string; place: string }> {
    if (after === undefined) return { feed: '0', place: '0' };
    const id = fromTypeId('event', after);
    const cursor =
      id === null
        ? null
        : await tx.one<{ feed: string; place: string }>(`SELECT feed, place FROM event WHERE id = $1 AND merchant_id = $2`, [
            id,
            merchantId,
          ]);
    if (cursor === null) throw invalidCursor('after');
    return cursor;
  }
}
