import { Injectable } from '@nestjs/common';
import { Records, type Tx } from '../../platform/database/index.js';
import { invalidCursor, type KeysetPage } from '../../platform/http/index.js';
import { fromTypeId, instantOf, toTypeId } from '../../platform/ids/index.js';
import { cursorExpired } from '../webhooks.problems.js';
import { isRare, TYPE_IS_RARE } from './rare-types.js';

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

/** How a reader says where it is. */
export interface Cursor {
  /** An event id as it was given. */
  readonly after: string | undefined;
  /**
   * A history is what is kept of a bulk or payout, and begins before all of it. The feed has no gaps: it begins behind the last
   * event that was removed.
   */
  readonly isHistory?: boolean | undefined;
}

export interface EventScope {
  /** Uuids; null: any. */
  readonly bulkId: string | null;
  readonly payoutId: string | null;
}

/** A place in the order of the feed. Numbers are text, being 64 bits wide. */
export interface FeedPlace {
  /** The uuid of the event that stands there; null: where the feed begins. */
  readonly id: string | null;
  readonly feed: string;
  readonly place: string;
}

/** Where a reader begins. */
export interface FeedStart extends FeedPlace {
  /** The event that was named is not in the feed yet: this is the end of what is. */
  readonly isBefore: boolean;
}

/** A reader that goes on from where it has come to. */
export interface Follower {
  readonly merchantId: string;
  readonly scope: EventScope;
  readonly type: string | null;
  readonly at: FeedPlace;
}

export interface FollowedPage extends KeysetPage<FollowedRow> {
  /** Events that the reader has not seen have been removed: it is shown no more. */
  readonly isPassed: boolean;
}

export interface FollowedRow extends FeedPlace {
  readonly id: string;
  /** Null where scope or type leave the event out: it only moves the reader on. */
  readonly body: Buffer | null;
}

/** Words that stand where an event's id may: begin at the beginning, or behind what there is now. */
const FOLLOWERS = new Records({
  n: 'integer',
  merchant_id: 'uuid',
  bulk_id: 'uuid',
  payout_id: 'uuid',
  type: 'text',
  feed: 'bigint',
  place: 'bigint',
});

const FIRST = 'beginning';
const LATEST = 'latest';
/** Events of one reader in one look: a reader of a long past leaves the others their turn. */
const FOLLOWED_MAX = 100;
const BEFORE_ALL: FeedPlace = { id: null, feed: '0', place: '0' };

/**
 * What makes a cursor safe: every transaction below the horizon has ended, so nothing can appear any more before what was
 * shown (docs/adr, "The feed is ordered by transaction").
 */
const BELOW_HORIZON = 'AND feed < feed_horizon()';

/** An event's place, the horizon that it is ahead of (null: none), and whether events behind it have been removed. */
const PLACE_OF = `
  SELECT e.feed, e.place, CASE WHEN e.feed >= feed_horizon() THEN feed_horizon() END AS ahead,
    coalesce((e.feed, e.place) < (h.feed, h.place), false) AS passed
  FROM event e LEFT JOIN event_horizon h ON h.merchant_id = e.merchant_id WHERE e.id = $1 AND e.merchant_id = $2`;
const IS_PASSED = 'SELECT FROM event_horizon WHERE merchant_id = $1 AND (feed, place) > ($2::bigint, $3::bigint)';
/** The time in an id is of the clock of the process that made it; ours may differ, hardly by more. */
const CLOCKS_APART_MAX_MS = 60_000;

/** One page in the order of the feed. */
const pageOf = (scope: string): string =>
  `SELECT id, body FROM event
   WHERE merchant_id = $1 AND (feed, place) > ($2::bigint, $3::bigint) AND ($4::text IS NULL OR type = $4) ${scope}
   ORDER BY feed, place LIMIT $5`;

/** One constant text per scope, so that each is prepared once and goes by its own index. */
const PAGE_OF_MERCHANT = pageOf(BELOW_HORIZON);
/** By event_of_rare_type. */
const PAGE_OF_RARE_TYPE = pageOf(`AND type = $4 AND ${TYPE_IS_RARE} ${BELOW_HORIZON}`);
const PAGE_OF_BULK = pageOf(`AND bulk_id = $6 ${BELOW_HORIZON}`);
const OF_PAYOUT = 'AND subject_id = $6 AND payout_id = $6 AND ($7::uuid IS NULL OR bulk_id = $7)';
/** With the horizon, although a payout needs none, because what it gives is a cursor of the whole feed too. */
const PAGE_OF_PAYOUT = pageOf(`${OF_PAYOUT} ${BELOW_HORIZON}`);
/**
 * Without the horizon: whoever writes an event of a payout holds its row, so its events are committed one after the other,
 * and a merchant who has just edited it reads the edit at once.
 */
const HISTORY_OF_PAYOUT = pageOf(OF_PAYOUT);

/** Reads of the event feed: the same order for every reader, each payout's events in the order of their sequence. */
@Injectable()
export class EventFeedQueries {
  /**
   * What lies behind a place, up to the horizon. Whether retention has passed the place is judged behind the read, so that what goes
   * between the two is told. Who is at the beginning has seen nothing yet, and misses nothing.
   * @throws `cursor_expired`
   */
  async page(
    tx: Tx,
    merchantId: string,
    { from, page, scope, isHistory = false }: Pick<Cursor, 'isHistory'> & { from: FeedPlace; page: EventPage; scope: EventScope },
  ): Promise<KeysetPage<EventRow>> {
    const [rows, passed] = await Promise.all([
      this.read(tx, { ...scope, type: page.type }, valuesOf(merchantId, from, page)),
      from.id === null || isHistory ? null : tx.one(IS_PASSED, [merchantId, from.feed, from.place]),
    ]);
    if (passed !== null) throw cursorExpired();
    return pageFrom(rows, page.limit);
  }

  /** One payout's own events, as soon as they are committed. @throws `invalid_cursor` */
  async history(
    tx: Tx,
    merchantId: string,
    { page, payoutId }: { page: EventPage; payoutId: string },
  ): Promise<KeysetPage<EventRow>> {
    const from = await this.placeOf(tx, merchantId, { after: page.after, isHistory: true });
    const values = [...valuesOf(merchantId, from, page), payoutId, null];
    return pageFrom(await tx.query<EventRow & Record<string, unknown>>(HISTORY_OF_PAYOUT, values), page.limit);
  }

  /**
   * What each follower has not seen yet, in one statement for all of them. What is left out is read all the same and comes without
   * its body, so that a follower of something rare never reads the same events twice. Of one that retention has passed a row says so
   * that has no event.
   */
  async follow(tx: Tx, followers: readonly Follower[]): Promise<FollowedPage[]> {
    const asked = followers.map(({ merchantId, scope, type, at }, n) => ({
      n,
      ...{ merchant_id: merchantId, bulk_id: scope.bulkId, payout_id: scope.payoutId, type, feed: at.feed, place: at.place },
    }));
    const rows = await tx.query<(FollowedRow | Record<keyof FollowedRow, null>) & { n: number }>(
      `SELECT f.n, e.id, e.feed, e.place, e.body
       FROM ${FOLLOWERS.as('f')}
       LEFT JOIN event_horizon h ON h.merchant_id = f.merchant_id AND (h.feed, h.place) > (f.feed, f.place)
       LEFT JOIN LATERAL (
         SELECT id, feed, place, CASE WHEN (f.type IS NULL OR type = f.type) AND (f.bulk_id IS NULL OR bulk_id = f.bulk_id)
           AND (f.payout_id IS NULL OR payout_id = f.payout_id) THEN body END AS body
         FROM event WHERE h.merchant_id IS NULL AND merchant_id = f.merchant_id AND (feed, place) > (f.feed, f.place) ${BELOW_HORIZON}
         ORDER BY feed, place LIMIT ${FOLLOWED_MAX}) e ON true
       WHERE e.id IS NOT NULL OR h.merchant_id IS NOT NULL
       ORDER BY f.n, e.feed, e.place`,
      FOLLOWERS.of(asked),
    );
    const pages = followers.map((): FollowedRow[] => []);
    const passed = new Set<number>();
    for (const { n, ...row } of rows) {
      if (row.id === null) passed.add(n);
      else pages[n]?.push(row);
    }
    return pages.map((page, n) => ({ rows: page, hasMore: page.length === FOLLOWED_MAX, isPassed: passed.has(n) }));
  }

  /**
   * Where a reader begins: behind an event, behind everything there is now (`latest`), or at the beginning. Webhooks and a payout's
   * own history show events that the feed has not come to. Behind such a one, what is still to be committed before it would be
   * skipped, so whoever names it begins behind what the feed shows.
   * @throws `invalid_cursor`, `cursor_expired` where it may have missed something that was removed since
   */
  async start(tx: Tx, merchantId: string, cursor: Cursor): Promise<FeedStart> {
    const { ahead, ...place } = await this.placeOf(tx, merchantId, cursor);
    // Below the horizon of that look: one of a younger look may have passed what is to be answered.
    return { ...(ahead === null ? place : await this.lastBelow(tx, merchantId, ahead)), isBefore: ahead !== null };
  }

  /** The last event below; where events behind it have been removed, the place of the last of those, at which the feed begins. */
  private async lastBelow(tx: Tx, merchantId: string, feed: string | null): Promise<FeedPlace> {
    const last = await tx.one<FeedPlace & Record<string, unknown>>(
      `SELECT id, feed, place FROM (
         (SELECT id, feed, place FROM event WHERE merchant_id = $1 AND feed < coalesce($2::bigint, feed_horizon())
          ORDER BY feed DESC, place DESC LIMIT 1)
         UNION ALL SELECT NULL, feed, place FROM event_horizon WHERE merchant_id = $1) AS last
       ORDER BY feed DESC, place DESC LIMIT 1`,
      [merchantId, feed],
    );
    return last ?? BEFORE_ALL;
  }

  /** Where a cursor stands; where the feed does not show what is there, with the horizon that it is ahead of. */
  private async placeOf(
    tx: Tx,
    merchantId: string,
    { after, isHistory = false }: Cursor,
  ): Promise<FeedPlace & { ahead: string | null }> {
    if (after === undefined || after === FIRST)
      return { ...(isHistory ? BEFORE_ALL : await this.lastBelow(tx, merchantId, BEFORE_ALL.feed)), ahead: null };
    if (after === LATEST) return { ...(await this.lastBelow(tx, merchantId, null)), ahead: null };
    const id = fromTypeId('event', after);
    if (id === null) throw invalidCursor('after');
    const found = await tx.one<FeedPlace & { ahead: string | null; passed: boolean }>(PLACE_OF, [id, merchantId]);
    if (found === null) throw (await this.mayBeRemoved(tx, merchantId, id)) ? cursorExpired() : invalidCursor('after');
    if (found.passed && !isHistory) throw cursorExpired();
    return { id, feed: found.feed, place: found.place, ahead: found.ahead };
  }

  /** Judged by the time that is in the id alone: of an event that was never there, or is another's, it says the same. */
  private async mayBeRemoved(tx: Tx, merchantId: string, id: string): Promise<boolean> {
    const horizon = await tx.one<{ occurred_at: Date }>(`SELECT occurred_at FROM event_horizon WHERE merchant_id = $1`, [
      merchantId,
    ]);
    return horizon !== null && instantOf(id) <= horizon.occurred_at.getTime() + CLOCKS_APART_MAX_MS;
  }

  /** Whether the merchant has such a bulk or payout; its events may all have been removed. */
  async knows(tx: Tx, merchantId: string, { bulkId, payoutId }: EventScope): Promise<boolean> {
    const row = await tx.one(
      payoutId === null
        ? `SELECT FROM bulk WHERE merchant_id = $1 AND id = $2`
        : `SELECT FROM payout WHERE merchant_id = $1 AND id = $2`,
      [merchantId, payoutId ?? bulkId],
    );
    return row !== null;
  }

  private read(
    tx: Tx,
    { bulkId, payoutId, type }: EventScope & Pick<EventPage, 'type'>,
    values: readonly unknown[],
  ): Promise<EventRow[]> {
    type Row = EventRow & Record<string, unknown>;
    if (payoutId !== null) return tx.query<Row>(PAGE_OF_PAYOUT, [...values, payoutId, bulkId]);
    if (bulkId !== null) return tx.query<Row>(PAGE_OF_BULK, [...values, bulkId]);
    return tx.query<Row>(isRare(type) ? PAGE_OF_RARE_TYPE : PAGE_OF_MERCHANT, values);
  }
}

const valuesOf = (merchantId: string, from: FeedPlace, { type, limit }: EventPage): unknown[] =>
  // One more than asked for tells whether there is more.
  [merchantId, from.feed, from.place, type ?? null, limit + 1];

/** What a client sends back to go on behind this place. */
export const cursorOf = ({ id }: FeedPlace): string => (id === null ? FIRST : toTypeId('event', id));

const pageFrom = (found: readonly EventRow[], limit: number): KeysetPage<EventRow> => ({
  rows: found.slice(0, limit),
  hasMore: found.length > limit,
});
