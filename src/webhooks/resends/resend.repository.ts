import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { AT_REST, STATUS_OF_DELIVERY } from '../deliveries/delivery-status.js';
import { wakeLanes } from '../deliveries/lane.repository.js';
import type { ResendState } from './resend.lifecycle.js';

/** Events that one look reads: some tens of milliseconds, so that no transaction is long. */
const MATCHED_PER_LOOK = 5_000;
/**
 * Deliveries of one lane that resends may have open at a time, all resends together: a live event waits behind no more of them, a few
 * rounds of calls of a lane that has grown.
 */
const OPEN_PER_LANE_MAX = 32;
/** Of one lane in one look, however many events a subject has, or a lane that was closed: no transaction is long. */
const PICKED_PER_LOOK_MAX = 1_000;
/** What a cancelled resend had found is forgotten in slices of this: some tens of milliseconds. */
const FORGOTTEN_PER_LOOK = 5_000;
/** The next look while deliveries go: a receiver that answers fast has used up its places by then. */
const LOOK_MS = 50;
/** The longest until the next look: a resend that nothing moves (its receivers are down) is looked at less and less often, up to this. */
const LOOK_MAX_MS = 1_000;

/** Which deliveries; null: any. */
export interface ResendFilter {
  readonly endpointId: string | null;
  readonly bulkId: string | null;
  readonly eventType: string | null;
  readonly state: string | null;
  readonly createdAfter: Date | null;
  readonly createdBefore: Date | null;
}

/** A resend that is due, locked. */
export interface DueResend {
  readonly id: string;
  readonly bulk_id: string | null;
  readonly state: ResendState;
}

/** What becomes of a delivery that goes again: as if just written, but that its attempts are counted on. */
const SENT_AGAIN = `state = 'waiting', claim_no = claim_no + 1, due_at = tranche_now(), queued_at = tranche_now(), attempts_before = attempts,
  delivered_at = NULL`;

/**
 * Reads on where the resend stopped, in the order of the feed, up to where the feed ended when the resend was made. What was
 * delivered since the resend was made, or belongs to an endpoint that nothing is sent to, is left alone; so are pings, which were
 * about that moment.
 */
const matchEvents = (source: string): string => `
  WITH seen AS MATERIALIZED (
    SELECT v.id, v.feed, v.place, v.type FROM webhook_resend r JOIN event v ON ${source}
      AND (v.feed, v.place) > (r.seen_feed, r.seen_place) AND v.feed < r.until_feed
    WHERE r.id = $1 ORDER BY v.feed, v.place LIMIT ${MATCHED_PER_LOOK}),
  found AS (
    INSERT INTO webhook_resend_item (resend_id, endpoint_id, subject_id, sequence, delivery_id)
    SELECT r.id, d.endpoint_id, d.subject_id, d.sequence, d.id
    FROM webhook_resend r
    JOIN seen ON r.event_type IS NULL OR seen.type = r.event_type
    JOIN webhook_delivery d ON d.event_id = seen.id
    JOIN webhook_endpoint e ON e.id = d.endpoint_id AND e.status <> 'disabled' AND e.deleted_at IS NULL
    WHERE r.id = $1 AND d.subject_id <> d.endpoint_id AND ${STATUS_OF_DELIVERY} IN ${AT_REST}
      AND coalesce(d.delivered_at <= r.created_at, true)
      AND (r.endpoint_id IS NULL OR d.endpoint_id = r.endpoint_id) AND (r.delivery_state IS NULL OR ${STATUS_OF_DELIVERY} = r.delivery_state)
      AND (r.created_after IS NULL OR d.created_at > r.created_after) AND (r.created_before IS NULL OR d.created_at < r.created_before)
    RETURNING 1),
  last AS (SELECT feed, place FROM seen ORDER BY feed DESC, place DESC LIMIT 1)
  UPDATE webhook_resend r SET matched = r.matched + (SELECT count(*) FROM found),
    seen_feed = coalesce((SELECT feed FROM last), r.seen_feed), seen_place = coalesce((SELECT place FROM last), r.seen_place),
    moved_at = tranche_now(), state = CASE WHEN (SELECT count(*) FROM seen) < ${MATCHED_PER_LOOK} THEN 'sending' ELSE r.state END
  WHERE r.id = $1`;

const MATCH_OF_BULK = matchEvents('v.bulk_id = r.bulk_id AND v.merchant_id = r.merchant_id');
const MATCH_OF_MERCHANT = matchEvents('v.merchant_id = r.merchant_id');

/** All SQL of resends. */
@Injectable()
export class ResendRepository {
  async insert(tx: Tx, resend: { readonly id: string; readonly merchantId: string } & ResendFilter): Promise<void> {
    const { id, merchantId, endpointId, bulkId, eventType, state, createdAfter, createdBefore } = resend;
    await tx.query(
      `INSERT INTO webhook_resend (id, merchant_id, endpoint_id, bulk_id, event_type, delivery_state, created_after, created_before,
         until_feed, state)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, feed_now(), 'matching')`,
      [id, merchantId, endpointId, bulkId, eventType, state, createdAfter, createdBefore],
    );
    tx.wake('resend');
  }

  /** Jobs of the merchant that have not ended. The merchant's row is locked, so that two requests do not both count one too few. */
  async countRunning(tx: Tx, merchantId: string): Promise<number> {
    await tx.query(`SELECT FROM merchant WHERE id = $1 FOR NO KEY UPDATE`, [merchantId]);
    const row = await tx.one<{ count: number }>(
      `SELECT count(*)::integer AS count FROM webhook_resend WHERE merchant_id = $1 AND state IN ('matching', 'sending')`,
      [merchantId],
    );
    return row?.count ?? 0;
  }

  /** Whether the merchant has a bulk of this id, be its events kept or not. */
  async knowsBulk(tx: Tx, merchantId: string, bulkId: string): Promise<boolean> {
    return (await tx.one(`SELECT FROM bulk WHERE id = $1 AND merchant_id = $2`, [bulkId, merchantId])) !== null;
  }

  /** The resend that has been due for longest, locked; one that another worker has is left to it. */
  claim(tx: Tx): Promise<DueResend | null> {
    return tx.one<DueResend & Record<string, unknown>>(
      `SELECT id, bulk_id, state FROM webhook_resend WHERE state IN ('matching', 'sending') AND look_at <= tranche_now()
       ORDER BY look_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
    );
  }

  /** Milliseconds until a resend is due, or null where none is running: `greatest` of nothing and 0 would be 0, for ever. */
  async nextLook(tx: Tx): Promise<number | null> {
    const row = await tx.one<{ wait_ms: number }>(
      `SELECT greatest(extract(epoch FROM look_at - tranche_now()) * 1000, 0)::double precision AS wait_ms
       FROM webhook_resend WHERE state IN ('matching', 'sending') ORDER BY look_at LIMIT 1`,
    );
    return row?.wait_ms ?? null;
  }

  /** Finds the next part of what a resend is about; when all of it is found, the resend sends. */
  async match(tx: Tx, { id, bulk_id }: DueResend): Promise<void> {
    await tx.query(bulk_id === null ? MATCH_OF_MERCHANT : MATCH_OF_BULK, [id]);
  }

  /**
   * Lets the next deliveries of each lane go, as far as its open ones leave room: whole subjects, so that nothing newer of a
   * payout can come between two of its events. From then on they are deliveries like any other, in the order of their sequence.
   * What has been opened since by somebody else goes anyway; what a disabled or deleted endpoint would get is dropped. The reach
   * of each lane is found first, and on its own: as a condition on the items it was computed for every one of them.
   * @returns how many went.
   */
  async release(tx: Tx, resendId: string): Promise<number> {
    const row = await tx.one<{ released: number }>(
      `WITH RECURSIVE lane AS (
         (SELECT endpoint_id FROM webhook_resend_item WHERE resend_id = $1 ORDER BY endpoint_id LIMIT 1)
         UNION ALL
         SELECT (SELECT n.endpoint_id FROM webhook_resend_item n
                 WHERE n.resend_id = $1 AND n.endpoint_id > lane.endpoint_id ORDER BY n.endpoint_id LIMIT 1)
         FROM lane WHERE lane.endpoint_id IS NOT NULL),
       room AS MATERIALIZED (
         SELECT e.id, e.backlog_from, e.status = 'disabled' OR e.deleted_at IS NOT NULL AS closed,
           greatest(0, ${OPEN_PER_LANE_MAX} - (SELECT count(*) FROM webhook_delivery o
             WHERE o.endpoint_id = e.id AND o.resend_id IS NOT NULL AND o.state IN ('waiting', 'in_flight'))) AS places
         FROM lane JOIN webhook_endpoint e ON e.id = lane.endpoint_id),
       reach AS MATERIALIZED (
         SELECT room.id, room.closed, room.backlog_from, CASE WHEN room.closed THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid ELSE (
           SELECT s.subject_id FROM (SELECT subject_id FROM webhook_resend_item
             WHERE resend_id = $1 AND endpoint_id = room.id ORDER BY subject_id LIMIT room.places) s
           ORDER BY s.subject_id DESC LIMIT 1) END AS last_subject
         FROM room),
       picked AS MATERIALIZED (
         SELECT reach.closed, reach.backlog_from, item.* FROM reach CROSS JOIN LATERAL (
           SELECT i.endpoint_id, i.subject_id, i.sequence, i.delivery_id FROM webhook_resend_item i
           WHERE i.resend_id = $1 AND i.endpoint_id = reach.id AND i.subject_id <= reach.last_subject
           ORDER BY i.subject_id, i.sequence LIMIT ${PICKED_PER_LOOK_MAX}) item),
       gone AS (
         DELETE FROM webhook_resend_item i USING picked p
         WHERE i.resend_id = $1 AND i.endpoint_id = p.endpoint_id AND i.subject_id = p.subject_id AND i.sequence = p.sequence),
       again AS (
         UPDATE webhook_delivery SET ${SENT_AGAIN}, resend_id = $1
         WHERE id = ANY (ARRAY (SELECT delivery_id FROM picked WHERE NOT closed))
           AND (state IN ${AT_REST}
             OR (state = 'waiting' AND queued_at < (SELECT max(backlog_from) FROM picked p WHERE p.delivery_id = id)))
         RETURNING endpoint_id),
       woken AS (${wakeLanes('SELECT DISTINCT endpoint_id FROM again')})
       UPDATE webhook_resend SET released = released + (SELECT count(*) FROM again),
         moved_at = CASE WHEN EXISTS (SELECT FROM again) THEN tranche_now() ELSE moved_at END,
         look_at = tranche_now() + least(greatest(CASE WHEN NOT EXISTS (SELECT FROM again) THEN (tranche_now() - moved_at) / 4 END,
           ${LOOK_MS} * interval '1 millisecond'), ${LOOK_MAX_MS} * interval '1 millisecond')
       WHERE id = $1
       RETURNING (SELECT count(*) FROM again)::integer AS released`,
      [resendId],
    );
    return row?.released ?? 0;
  }

  /** Ends a resend of which nothing is left and nothing open. */
  async finish(tx: Tx, resendId: string): Promise<void> {
    await tx.query(
      `UPDATE webhook_resend SET state = 'finished', finished_at = tranche_now()
       WHERE id = $1 AND state = 'sending' AND NOT EXISTS (SELECT FROM webhook_resend_item WHERE resend_id = $1)
         AND NOT EXISTS (SELECT FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
                         WHERE d.resend_id = $1 AND d.state IN ('waiting', 'in_flight') AND ${STATUS_OF_DELIVERY} IN ('waiting', 'in_flight'))`,
      [resendId],
    );
  }

  /** Ends a resend that runs; what it has not let go is forgotten by `forgetCancelled`. @returns its state before; null where the merchant has no such resend. */
  async cancel(tx: Tx, merchantId: string, id: string): Promise<ResendState | null> {
    const resend = await tx.one<{ state: ResendState }>(
      `SELECT state FROM webhook_resend WHERE id = $1 AND merchant_id = $2 FOR NO KEY UPDATE`,
      [id, merchantId],
    );
    if (resend === null) return null;
    await tx.query(
      `UPDATE webhook_resend SET state = 'cancelled', finished_at = tranche_now() WHERE id = $1 AND state IN ('matching', 'sending')`,
      [id],
    );
    tx.wake('resend');
    return resend.state;
  }

  /**
   * Forgets a slice of what a cancelled resend had found, hopping over those that run: of millions it would be a statement of minutes.
   * @returns whether there may be more.
   */
  async forgetCancelled(tx: Tx): Promise<boolean> {
    const row = await tx.one<{ count: number }>(
      `WITH RECURSIVE found AS (
         (SELECT resend_id FROM webhook_resend_item ORDER BY resend_id LIMIT 1)
         UNION ALL
         SELECT (SELECT n.resend_id FROM webhook_resend_item n WHERE n.resend_id > found.resend_id ORDER BY n.resend_id LIMIT 1)
         FROM found WHERE found.resend_id IS NOT NULL),
       cancelled AS MATERIALIZED (
         SELECT r.id FROM webhook_resend r
         WHERE r.id = ANY (ARRAY (SELECT resend_id FROM found)) AND r.state = 'cancelled' LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED),
       gone AS (
         DELETE FROM webhook_resend_item WHERE (resend_id, endpoint_id, subject_id, sequence) IN (
           SELECT i.resend_id, i.endpoint_id, i.subject_id, i.sequence FROM webhook_resend_item i
           WHERE i.resend_id = (SELECT id FROM cancelled) LIMIT ${FORGOTTEN_PER_LOOK})
         RETURNING 1)
       SELECT count(*)::integer AS count FROM gone`,
    );
    return (row?.count ?? 0) > 0;
  }

  /**
   * Sends one delivery again, or sooner, with a fresh schedule; what waits behind it comes along. Earlier ones of the same
   * subject that are still open go first. One that is in flight stays as it is.
   */
  async sendAgain(tx: Tx, deliveryId: string): Promise<void> {
    await tx.query(
      `WITH again AS (
         UPDATE webhook_delivery SET ${SENT_AGAIN}
         WHERE id = $1 AND (state = 'waiting' OR state IN ${AT_REST})
         RETURNING endpoint_id, subject_id, sequence),
       woken AS (${wakeLanes('SELECT endpoint_id FROM again')})
       UPDATE webhook_delivery s SET due_at = tranche_now()
       FROM again a
       WHERE s.endpoint_id = a.endpoint_id AND s.subject_id = a.subject_id AND s.sequence > a.sequence AND s.state = 'waiting'
         AND s.attempts = s.attempts_before AND s.due_at > tranche_now()`,
      [deliveryId],
    );
    tx.wake('deliver');
  }

  /** Whether the endpoint of the merchant's delivery is sent to; null where the merchant has no such delivery. */
  laneOf(tx: Tx, merchantId: string, deliveryId: string): Promise<{ open: boolean } | null> {
    return tx.one<{ open: boolean }>(
      `SELECT e.status <> 'disabled' AND e.deleted_at IS NULL AS open
       FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
       WHERE d.id = $1 AND d.merchant_id = $2`,
      [deliveryId, merchantId],
    );
  }
}
