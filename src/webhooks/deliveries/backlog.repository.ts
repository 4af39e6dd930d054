import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { wakeLanes } from './lane.repository.js';

/** No transaction lasts nearly as long: its statements and its rests are cut after seconds. */
const LATE_WRITER_MAX = '1 hour';

/**
 * A part of a statement: closes up to $1 deliveries of `lanes` (id, before) that were queued before, except what is being sent.
 * Nothing is due before it was queued, so most of them are a range of webhook_delivery_due, and what was put off since is one of
 * webhook_delivery_put_off. Rows that somebody has are left to the next slice: of two who wait for each other's rows one would fail.
 */
const closeQueuedBefore = (lanes: string, state: 'skipped' | 'expired'): string => `
  WITH lane AS (${lanes}),
  picked AS MATERIALIZED (
    SELECT older.id FROM lane CROSS JOIN LATERAL (
      SELECT id FROM (
        SELECT d.id FROM webhook_delivery d
        WHERE d.endpoint_id = lane.id AND d.state IN ('waiting', 'in_flight') AND d.due_at < lane.before AND d.queued_at < lane.before
          AND (d.state = 'waiting' OR d.lease_until <= tranche_now())
        ORDER BY d.due_at, d.id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) due
      UNION ALL
      SELECT id FROM (
        SELECT d.id FROM webhook_delivery d
        WHERE d.endpoint_id = lane.id AND d.state = 'waiting' AND d.due_at > d.queued_at AND d.queued_at < lane.before
          AND d.due_at >= lane.before
        ORDER BY d.queued_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) put_off) older
    LIMIT $1),
  closed AS (
    UPDATE webhook_delivery SET state = '${state}', claim_no = claim_no + 1, lease_until = NULL
    WHERE id = ANY (ARRAY (SELECT id FROM picked)) RETURNING endpoint_id),
  woken AS (${wakeLanes('SELECT DISTINCT endpoint_id FROM closed')})
  SELECT count(*)::integer AS count FROM closed`;

const DROP = closeQueuedBefore(
  `SELECT id, backlog_from AS before FROM webhook_endpoint WHERE backlog_from IS NOT NULL`,
  'skipped',
);

/** Locked, so that nothing expires of a lane that was enabled while this waited; in the order in which everybody locks lanes. */
const EXPIRE = closeQueuedBefore(
  `SELECT id, tranche_now() - $2 * interval '1 day' AS before FROM webhook_endpoint WHERE status = 'disabled' AND deleted_at IS NULL
   ORDER BY id FOR NO KEY UPDATE`,
  'expired',
);

/**
 * All SQL about what lanes have missed. What is held or dropped of a lane is said by its row (`status`, `backlog_from`,
 * `deleted_at`), at once, however much that is; the deliveries follow in slices that hold up neither claims nor settles.
 */
@Injectable()
export class BacklogRepository {
  /** Of a lane that is enabled: what was queued before `from` is dropped (null: all of it), the rest is sent in its order, as if never tried. */
  async release(tx: Tx, endpointId: string, from: Date | null): Promise<void> {
    // `least` passes over null. Not after now, or what is still to be written would be dropped; and what has been dropped before stays so.
    await tx.query(
      `UPDATE webhook_endpoint SET backlog_from = greatest(backlog_from, least($2::timestamptz, tranche_now())) WHERE id = $1`,
      [endpointId, from],
    );
    tx.wake('backlog');
  }

  /** One at a time in the cluster: whoever gets false leaves the slices to another. Until the end of the transaction. */
  async takeTurn(tx: Tx): Promise<boolean> {
    const row = await tx.one<{ taken: boolean }>(
      `SELECT pg_try_advisory_xact_lock(hashtextextended('webhook backlog', 0)) AS taken`,
    );
    return row?.taken === true;
  }

  /** Drops a slice of what lanes say is dropped. @returns how many deliveries that were. */
  drop(tx: Tx, rowsMax: number): Promise<number> {
    return countOf(tx, DROP, [rowsMax]);
  }

  /**
   * Makes a slice of what was put off before its lane was enabled due again, with a fresh schedule, at its old place in the order.
   * @returns how many deliveries that were.
   */
  hasten(tx: Tx, rowsMax: number): Promise<number> {
    return countOf(
      tx,
      `WITH picked AS MATERIALIZED (
         SELECT later.id FROM webhook_endpoint e CROSS JOIN LATERAL (
           SELECT d.id FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at > d.queued_at
           ORDER BY d.queued_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) later
         WHERE e.backlog_from IS NOT NULL AND e.status <> 'disabled' AND e.deleted_at IS NULL LIMIT $1),
       hastened AS (
         UPDATE webhook_delivery SET due_at = queued_at, attempts_before = attempts, claim_no = claim_no + 1
         WHERE id = ANY (ARRAY (SELECT id FROM picked)) RETURNING endpoint_id),
       woken AS (${wakeLanes('SELECT DISTINCT endpoint_id FROM hastened')})
       SELECT count(*)::integer AS count FROM hastened`,
      [rowsMax],
    );
  }

  /**
   * Forgets what lanes were to drop, where all of it is closed. A deleted lane's calls that are still out are waited for, and so is
   * whoever has written for it and not committed: what they leave open is dropped too. Lanes that somebody has just now are left to
   * the next time.
   */
  async forgetDropped(tx: Tx): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoint e SET backlog_from = NULL
       WHERE e.id = ANY (ARRAY (SELECT id FROM webhook_endpoint WHERE backlog_from IS NOT NULL FOR NO KEY UPDATE SKIP LOCKED))
         AND (e.deleted_at IS NULL OR e.deleted_at < tranche_now() - interval '${LATE_WRITER_MAX}')
         AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight')
                           AND d.due_at < e.backlog_from AND d.queued_at < e.backlog_from)
         AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'waiting'
                           AND d.due_at > d.queued_at AND d.queued_at < e.backlog_from)`,
    );
  }

  /** Drops a slice of what has been held for longer than so many days. @returns how many deliveries that were. */
  expire(tx: Tx, { days, rowsMax }: { readonly days: number; readonly rowsMax: number }): Promise<number> {
    return countOf(tx, EXPIRE, [rowsMax, days]);
  }

  /**
   * A bulk has another URL: what is open of it at the old lane goes along, found by the bulk's events, however much waits there.
   * What is in flight goes too, because order would break otherwise; its receiver may get it at both URLs. What the new lane has
   * already, because it is registered, is dropped at the old one. An endpoint that is registered keeps its own.
   */
  async moveBulk(
    tx: Tx,
    { bulkId, from, to }: { readonly bulkId: string; readonly from: string; readonly to: string },
  ): Promise<void> {
    await tx.query(
      `WITH woken AS (${wakeLanes('VALUES ($1::uuid), ($3::uuid)')}),
       open AS MATERIALIZED (
         SELECT d.id, EXISTS (SELECT FROM webhook_delivery o WHERE o.event_id = d.event_id AND o.endpoint_id = $3) AS doubled
         FROM webhook_endpoint f JOIN webhook_delivery d ON d.endpoint_id = f.id
         WHERE f.id = $1 AND NOT f.registered AND d.event_id = ANY (ARRAY (SELECT id FROM event WHERE bulk_id = $2))
           AND (d.state = 'in_flight' OR (d.state = 'waiting' AND (f.backlog_from IS NULL OR d.queued_at >= f.backlog_from)))),
       doubled AS (
         UPDATE webhook_delivery SET state = 'skipped', claim_no = claim_no + 1, lease_until = NULL
         WHERE id = ANY (ARRAY (SELECT id FROM open WHERE doubled)) AND state IN ('waiting', 'in_flight'))
       UPDATE webhook_delivery SET endpoint_id = $3, state = 'waiting', claim_no = claim_no + 1, lease_until = NULL,
         due_at = tranche_now(), queued_at = tranche_now()
       WHERE id = ANY (ARRAY (SELECT id FROM open WHERE NOT doubled)) AND state IN ('waiting', 'in_flight')`,
      [from, bulkId, to],
    );
    tx.wake('deliver');
  }
}

async function countOf(tx: Tx, text: string, values: readonly unknown[]): Promise<number> {
  const row = await tx.one<{ count: number }>(text, values);
  return row?.count ?? 0;
}
