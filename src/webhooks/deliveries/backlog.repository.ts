import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { wakeLanes } from './lane.repository.js';

/**
 * What waits or is held of the lanes in $1. Written as two look-ups, because each state has a partial index of its own and a
 * planner without statistics would rather read the whole table than combine them.
 */
const KEPT = `id = ANY (ARRAY (
    SELECT id FROM webhook_delivery WHERE endpoint_id = ANY ($1::uuid[]) AND state = 'waiting'
    UNION ALL SELECT id FROM webhook_delivery WHERE endpoint_id = ANY ($1::uuid[]) AND state = 'held'))`;

/** Rows of one transaction. */
const EXPIRED_MAX = 1_000;
const HELD_TOO_LONG = (column: 'id' | 'endpoint_id'): string =>
  `SELECT ${column} FROM webhook_delivery WHERE state = 'held' AND created_at < tranche_now() - $1 * interval '1 day'
   ORDER BY created_at LIMIT ${EXPIRED_MAX}`;

/**
 * All SQL that moves deliveries for a reason other than their own attempt: their endpoint is disabled, enabled, deleted or
 * pinged, or somebody wants one sent again. Every change raises the fence; what is in flight is left to its settle.
 */
@Injectable()
export class BacklogRepository {
  /** What of these lanes waits is held. What is in flight goes on, and is held by its settle. */
  async hold(tx: Tx, endpointIds: readonly string[]): Promise<void> {
    await this.close(tx, endpointIds, 'held');
  }

  /** What of these lanes waits is dropped. */
  async skip(tx: Tx, endpointIds: readonly string[]): Promise<void> {
    await this.close(tx, endpointIds, 'skipped');
  }

  /**
   * Drops a slice of what has been held for longer than so many days.
   * @returns how many deliveries that were; 0 where there are no more.
   */
  async expire(tx: Tx, days: number): Promise<number> {
    // Whoever enables one of these lanes waits for us, or we for him, and then see what he let go.
    const lanes = await tx.query<{ id: string }>(
      `SELECT id FROM webhook_endpoint WHERE id IN (${HELD_TOO_LONG('endpoint_id')}) ORDER BY id FOR NO KEY UPDATE`,
      [days],
    );
    const expired = await tx.query(
      `UPDATE webhook_delivery SET state = 'expired', claim_no = claim_no + 1
       WHERE id = ANY (ARRAY (${HELD_TOO_LONG('id')})) AND endpoint_id = ANY ($2::uuid[]) AND state = 'held'
       RETURNING 1`,
      [days, lanes.map(({ id }) => id)],
    );
    return expired.length;
  }

  private async close(tx: Tx, endpointIds: readonly string[], state: 'held' | 'skipped'): Promise<void> {
    if (endpointIds.length === 0) return;
    await tx.query(
      `UPDATE webhook_delivery SET state = $2, claim_no = claim_no + 1
       WHERE ${KEPT} AND state <> $2`,
      [endpointIds, state],
    );
  }

  /** Ends the hold of a lane: what was written before `from` is dropped (null: all of it), the rest is due now, in its order. */
  async release(tx: Tx, endpointId: string, from: Date | null): Promise<void> {
    await tx.query(
      `WITH woken AS (${wakeLanes('SELECT unnest($1::uuid[])')})
       UPDATE webhook_delivery SET claim_no = claim_no + 1, due_at = tranche_now(), attempts_before = attempts,
         state = CASE WHEN $2::timestamptz IS NULL OR created_at < $2 THEN 'skipped' ELSE 'waiting' END
       WHERE ${KEPT}`,
      [[endpointId], from],
    );
    tx.wake('deliver');
  }

  /**
   * Sends one delivery again, or sooner, with a fresh schedule; what waits behind it comes along. Earlier ones of the same
   * subject that are still open go first. One that is in flight or held stays as it is.
   */
  async resend(tx: Tx, deliveryId: string): Promise<void> {
    await tx.query(
      `WITH again AS (
         UPDATE webhook_delivery SET state = 'waiting', claim_no = claim_no + 1, due_at = tranche_now(), attempts_before = attempts,
           delivered_at = NULL
         WHERE id = $1 AND state IN ('delivered', 'exhausted', 'skipped', 'expired', 'waiting')
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

  /** What of a lane waits and belongs to no bulk that names it is dropped: its registration has ended. */
  async skipUnnamed(tx: Tx, endpointId: string): Promise<void> {
    await tx.query(
      `WITH woken AS (${wakeLanes('SELECT unnest($1::uuid[])')})
       UPDATE webhook_delivery d SET state = 'skipped', claim_no = claim_no + 1
       WHERE ${KEPT} AND NOT EXISTS (SELECT FROM bulk b WHERE b.id = d.bulk_id AND b.webhook_endpoint_id = ANY ($1))`,
      [[endpointId]],
    );
  }

  /**
   * A bulk has another URL: what is open of it at the old lane goes along, held as far as the new lane is disabled. What is in
   * flight goes too, because order would break otherwise; its receiver may get it at both URLs. An endpoint that is
   * registered keeps its own.
   */
  async moveBulk(
    tx: Tx,
    { bulkId, from, to }: { readonly bulkId: string; readonly from: string; readonly to: string },
  ): Promise<void> {
    await tx.query(
      `WITH woken AS (${wakeLanes('SELECT unnest($1::uuid[]) UNION SELECT $3::uuid')})
       UPDATE webhook_delivery d SET endpoint_id = l.id, claim_no = d.claim_no + 1, lease_until = NULL, due_at = tranche_now(),
         state = CASE l.status WHEN 'disabled' THEN 'held' ELSE 'waiting' END
       FROM webhook_endpoint l
       WHERE l.id = $3 AND d.bulk_id = $2 AND NOT EXISTS (SELECT FROM webhook_endpoint f WHERE f.id = ANY ($1) AND f.registered)
         AND d.id = ANY (ARRAY (
           SELECT id FROM webhook_delivery WHERE endpoint_id = ANY ($1::uuid[]) AND state IN ('waiting', 'in_flight')
           UNION ALL SELECT id FROM webhook_delivery WHERE endpoint_id = ANY ($1::uuid[]) AND state = 'held'))`,
      [[from], bulkId, to],
    );
    tx.wake('deliver');
  }

  /** Pings that wait are dropped: a new one takes their place, and must not wait behind them. */
  async skipPings(tx: Tx, endpointId: string): Promise<void> {
    await tx.query(
      `WITH woken AS (${wakeLanes('SELECT $1::uuid')})
       UPDATE webhook_delivery SET state = 'skipped', claim_no = claim_no + 1
       WHERE endpoint_id = $1 AND subject_id = $1 AND state = 'waiting'`,
      [endpointId],
    );
  }

  /** The delivery of the endpoint's latest own event to itself, which only a ping is. */
  async latestPing(tx: Tx, endpointId: string): Promise<string> {
    const row = await tx.one<{ id: string }>(
      `SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND subject_id = $1 AND state = 'waiting' ORDER BY sequence DESC LIMIT 1`,
      [endpointId],
    );
    if (row === null) throw new Error('a ping was recorded without a delivery');
    return row.id;
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
