import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { AT_REST } from '../deliveries/delivery-status.js';

/** One look over the table, in the order in which it was written. */
export interface OldEvents {
  /** Where the next look goes on; null: behind this there is nothing old. */
  readonly next: string | null;
  /** Old enough, and nothing of it is on its way to anybody. */
  readonly found: readonly OldEvent[];
}

export interface OldEvent {
  readonly place: string;
  readonly subject_id: string;
}

/** An event with its deliveries, as it is archived. Instants are RFC 3339, ids uuids. */
export interface WholeEvent {
  readonly id: string;
  readonly merchant_id: string;
  readonly sequence: number;
  readonly occurred_at: Date;
  /** The exact text of every delivery. */
  readonly body: string;
  readonly deliveries: readonly Readonly<Record<string, unknown>>[];
}

export interface Removed {
  readonly events: number;
  readonly deliveries: number;
}

/** Events of one look: some 50 ms of one transaction, with a delivery and an attempt each, so that nobody waits for it. */
const EVENTS_PER_LOOK = 1_000;
/** Resends of one transaction; a merchant makes few. */
const RESENDS_MAX = 1_000;

/** All SQL of events that have become old. An event and its deliveries go together, or stay together. */
@Injectable()
export class OldEventsRepository {
  /**
   * Goes by `place`, which rises with time but for the seconds that a transaction lasts: the first look that finds nothing old is
   * the last one. What stays is passed over once in a run. A merchant whose resend is under way keeps what it may be about.
   */
  async look(tx: Tx, days: number, after: string): Promise<OldEvents> {
    const seen = await tx.query<OldEvent & { old: boolean; goes: boolean }>(
      `SELECT e.place, e.subject_id, e.old, e.old
         AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id AND d.state NOT IN ${AT_REST})
         AND NOT EXISTS (SELECT FROM webhook_resend r WHERE r.merchant_id = e.merchant_id AND r.state IN ('matching', 'sending')) AS goes
       FROM (SELECT place, id, merchant_id, subject_id, occurred_at < tranche_now() - $2 * interval '1 day' AS old
             FROM event WHERE place > $1 ORDER BY place LIMIT ${EVENTS_PER_LOOK}) e
       ORDER BY e.place`,
      [after, days],
    );
    return {
      next: seen.some(({ old }) => old) ? (seen.at(-1)?.place ?? null) : null,
      found: seen.filter(({ goes }) => goes),
    };
  }

  /** Without the beginnings of answers: a receiver may have written anything into them. */
  whole(tx: Tx, places: readonly string[]): Promise<WholeEvent[]> {
    return tx.query<WholeEvent & Record<string, unknown>>(
      `SELECT e.id, e.merchant_id, e.sequence, e.occurred_at, convert_from(e.body, 'UTF8') AS body, coalesce(d.list, '[]') AS deliveries
       FROM event e CROSS JOIN LATERAL (
         SELECT json_agg(json_build_object('id', d.id, 'endpoint_id', d.endpoint_id, 'status', d.state, 'created_at', d.created_at,
             'delivered_at', d.delivered_at, 'attempts', coalesce(a.list, '[]')) ORDER BY d.id) AS list
         FROM webhook_delivery d CROSS JOIN LATERAL (
           SELECT json_agg(json_build_object('number', number, 'started_at', started_at, 'duration_ms', duration_ms,
               'http_status', http_status, 'error_class', error_class) ORDER BY number) AS list
           FROM webhook_attempt WHERE delivery_id = d.id) a
         WHERE d.event_id = e.id) d
       WHERE e.place = ANY ($1::bigint[]) ORDER BY e.place`,
      [places],
    );
  }

  /**
   * Removes events, their deliveries and the attempts of those. A delivery that somebody sends again at this moment is waited for:
   * it stays, and its event with all of its deliveries, because the statements behind the lock see it.
   */
  async remove(tx: Tx, places: readonly string[]): Promise<Removed> {
    await tx.query(
      `SELECT FROM webhook_delivery d JOIN event e ON e.id = d.event_id WHERE e.place = ANY ($1::bigint[]) ORDER BY d.id FOR UPDATE OF d`,
      [places],
    );
    const deliveries = await tx.query(
      `WITH gone AS MATERIALIZED (
         SELECT d.id FROM webhook_delivery d JOIN event e ON e.id = d.event_id
         WHERE e.place = ANY ($1::bigint[])
           AND NOT EXISTS (SELECT FROM webhook_delivery o WHERE o.event_id = e.id AND o.state NOT IN ${AT_REST})),
       attempts AS (DELETE FROM webhook_attempt WHERE delivery_id IN (SELECT id FROM gone))
       DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM gone) RETURNING 1`,
      [places],
    );
    const removed = await tx.one<{ events: number }>(
      `WITH gone AS (
         DELETE FROM event e WHERE place = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id)
         RETURNING merchant_id, feed, place, occurred_at),
       last AS (
         SELECT DISTINCT ON (merchant_id) merchant_id, feed, place, max(occurred_at) OVER (PARTITION BY merchant_id) AS occurred_at
         FROM gone ORDER BY merchant_id, feed DESC, place DESC),
       raised AS (
         INSERT INTO event_horizon AS h (merchant_id, feed, place, occurred_at) SELECT merchant_id, feed, place, occurred_at FROM last
         ORDER BY merchant_id
         ON CONFLICT (merchant_id) DO UPDATE SET feed = excluded.feed, place = excluded.place,
           occurred_at = greatest(h.occurred_at, excluded.occurred_at)
         WHERE (excluded.feed, excluded.place) > (h.feed, h.place))
       SELECT count(*)::integer AS events FROM gone`,
      [places],
    );
    return { events: removed?.events ?? 0, deliveries: deliveries.length };
  }

  /** Removes resends that ended so long ago; what they sent again says for itself how it went. @returns how many. */
  async removeResends(tx: Tx, days: number): Promise<number> {
    const rows = await tx.query(
      `DELETE FROM webhook_resend WHERE id = ANY (ARRAY (
         SELECT id FROM webhook_resend r WHERE finished_at < tranche_now() - $1 * interval '1 day'
           AND NOT EXISTS (SELECT FROM webhook_resend_item i WHERE i.resend_id = r.id) LIMIT ${RESENDS_MAX})) RETURNING 1`,
      [days],
    );
    return rows.length;
  }
}
