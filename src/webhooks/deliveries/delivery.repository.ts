import { Injectable } from '@nestjs/common';
import { anyOf, Records, type Tx } from '../../platform/database/index.js';
import { burst, wakeLanes } from './lane.repository.js';
import type { LaneShare } from './share-places.js';

/** One delivery that this process may send until its lease ends, with all that sending needs. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly claim_no: number;
  readonly endpoint_id: string;
  readonly merchant_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly bulk_id: string | null;
  readonly payout_id: string | null;
  readonly attempts: number;
  readonly attempts_before: number;
  /** A retry, or its lane's last call failed. */
  readonly doubtful: boolean;
  readonly url: string;
  /** In whose words its body is. */
  readonly format: string;
  readonly registered: boolean;
  readonly from_bulk: boolean;
  /** Sealed; null where the endpoint is not registered. */
  readonly secrets: Buffer | null;
  /** Sealed; null: none of its own. */
  readonly headers: Buffer | null;
  /** Sealed. */
  readonly merchant_secrets: Buffer;
  readonly body: Buffer;
  readonly occurred_at: Date;
  /** On the database's clock. */
  readonly claimed_at: Date;
}

/** What one attempt gave, as it is written. */
export interface AttemptRow {
  readonly delivery_id: string;
  readonly claim_no: number;
  readonly state: 'waiting' | 'delivered' | 'exhausted';
  /** Seconds until the next attempt; null where there is none. */
  readonly delay_s: number | null;
  /** Milliseconds since the attempt began: instants are the database's alone. */
  readonly since_ms: number;
  readonly duration_ms: number;
  readonly http_status: number | null;
  readonly error_class: string | null;
  readonly address: string | null;
  readonly snippet: string | null;
}

const ATTEMPTS = new Records({
  id: 'uuid',
  delivery_id: 'uuid',
  claim_no: 'integer',
  state: 'text',
  delay_s: 'double precision',
  since_ms: 'double precision',
  duration_ms: 'integer',
  http_status: 'integer',
  error_class: 'text',
  address: 'text',
  snippet: 'text',
});

const SHARES = new Records({ endpoint_id: 'uuid', places: 'integer', room: 'integer', failing: 'boolean' });

export interface ClaimCommand {
  /** Lanes that had their turn, those too that may not have a place now: what is known of them is written. */
  readonly shares: readonly LaneShare[];
  /** How many of the calls may be retries, or to lanes whose last call failed. */
  readonly doubtfulMax: number;
  readonly lease_s: number;
}

/** All SQL that moves deliveries in bulk. Whoever moves rows of a lane holds the lane's row, or raises the fence of each. */
@Injectable()
export class DeliveryRepository {
  /**
   * Takes due rows of lanes that the caller has locked, as many of each as it was given places.
   *
   * Order needs no release step. A row is taken only where no earlier sequence of the same subject is open at the same
   * endpoint. Events of one subject are committed in the order of their sequence (the writer holds the subject's row), so a
   * snapshot that shows a row shows everything before it; and an open row is closed only by its settle. So what the
   * snapshot shows as closed is closed, and what it wrongly shows as still open only waits for the next claim. A release
   * step would have to see rows that others have not committed yet, and would lose one for ever when it does not.
   *
   * The look at earlier sequences is a scalar subquery, and its index begins with the subject: as NOT EXISTS over an index that
   * begins with the endpoint, a planner without fresh statistics joined 18,000 rows with themselves (71 s instead of 2 ms).
   *
   * What its lane has dropped is passed over and keeps nothing waiting, though its row may still be open: nothing is due before it
   * was queued, so the range of the index begins behind it.
   *
   * While a row is in flight it is due at the end of its lease: a dead process's rows come back by themselves.
   *
   * The lane stays in its queue where more of it is due; where nothing is, or where it is full, it comes back when the next row
   * is due or the first lease ends. Settles, and whoever writes for it, bring it back before.
   */
  claim(tx: Tx, { shares, doubtfulMax, lease_s }: ClaimCommand): Promise<ClaimedDelivery[]> {
    return tx.query<ClaimedDelivery & Record<string, unknown>>(
      `WITH turn AS MATERIALIZED (
         SELECT t.*, coalesce(e.backlog_from, '-infinity') AS backlog_from
         FROM ${SHARES.as('t', 3)}
         JOIN webhook_endpoint e ON e.id = t.endpoint_id),
       found AS MATERIALIZED (
         SELECT due.id, turn.endpoint_id, due.place, turn.failing OR due.retried AS doubtful
         FROM turn CROSS JOIN LATERAL (
           SELECT mine.id, mine.retried, row_number() OVER () AS place
           FROM (SELECT d.id, d.attempts > d.attempts_before AS retried FROM webhook_delivery d
                 WHERE d.endpoint_id = turn.endpoint_id AND d.state IN ('waiting', 'in_flight') AND d.due_at <= tranche_now()
                   AND d.due_at >= turn.backlog_from AND d.queued_at >= turn.backlog_from
                   AND d.sequence = (SELECT b.sequence FROM webhook_delivery b
                                     WHERE b.subject_id = d.subject_id AND b.endpoint_id = d.endpoint_id
                                       AND b.state IN ('waiting', 'in_flight') AND (b.state = 'in_flight' OR b.queued_at >= turn.backlog_from)
                                     ORDER BY b.sequence LIMIT 1)
                 ORDER BY d.due_at, d.id LIMIT turn.places
                 FOR UPDATE OF d SKIP LOCKED) mine) due),
       picked AS MATERIALIZED (
         SELECT id, endpoint_id, doubtful
         FROM (SELECT *, row_number() OVER (PARTITION BY doubtful ORDER BY place, endpoint_id) AS place_of_kind FROM found) ranked
         WHERE NOT doubtful OR place_of_kind <= $1),
       served AS (
         UPDATE webhook_endpoint e SET last_claimed_at = tranche_now(), rate_spent_until = coalesce(s.spent, e.rate_spent_until),
           ready_at = greatest(s.spent + interval '1 second' / e.rate_per_second,
             CASE WHEN s.picked = s.found AND (s.found < s.places OR s.picked = s.room) THEN coalesce(least(s.next_due_at, s.lease_until), 'infinity')
               ELSE '-infinity' END)
         FROM (SELECT t.endpoint_id, t.places, t.room, count(f.id) AS found, count(k.id) AS picked,
                 CASE WHEN count(k.id) > 0 THEN tranche_now() + $2 * interval '1 second' END AS lease_until,
                 greatest(l.rate_spent_until, tranche_now() - ${burst('l')}) + count(k.id) * interval '1 second' / l.rate_per_second AS spent,
                 (SELECT n.due_at FROM webhook_delivery n
                  WHERE n.endpoint_id = t.endpoint_id AND n.state IN ('waiting', 'in_flight') AND n.due_at > tranche_now()
                  ORDER BY n.due_at LIMIT 1) AS next_due_at
               FROM turn t
               JOIN webhook_endpoint l ON l.id = t.endpoint_id
               LEFT JOIN found f ON f.endpoint_id = t.endpoint_id
               LEFT JOIN picked k ON k.id = f.id
               GROUP BY t.endpoint_id, t.places, t.room, l.rate_spent_until, l.rate_per_second) s
         WHERE e.id = s.endpoint_id),
       claimed AS (
         UPDATE webhook_delivery d SET state = 'in_flight', claim_no = claim_no + 1,
           lease_until = tranche_now() + $2 * interval '1 second', due_at = tranche_now() + $2 * interval '1 second'
         WHERE id = ANY (ARRAY (SELECT id FROM picked))
         RETURNING id, claim_no, endpoint_id, merchant_id, event_id, bulk_id, payout_id, attempts, attempts_before)
       SELECT c.*, picked.doubtful, e.url, e.format, e.registered, e.from_bulk, e.secrets, e.headers, m.webhook_secrets AS merchant_secrets, v.type, v.body, v.occurred_at,
         tranche_now() AS claimed_at
       FROM claimed c
       JOIN picked ON picked.id = c.id
       JOIN webhook_endpoint e ON e.id = c.endpoint_id
       JOIN merchant m ON m.id = c.merchant_id
       JOIN event v ON v.id = c.event_id`,
      [doubtfulMax, lease_s, ...SHARES.of(shares)],
    );
  }

  /**
   * Ends attempts. Guarded by the fence: a row whose lease ended and that somebody else has claimed since is not written,
   * and its result is dropped with its attempt.
   * @returns the ids of the deliveries that were written.
   */
  async settle(tx: Tx, attempts: readonly (AttemptRow & { readonly id: string })[]): Promise<Set<string>> {
    const rows = await tx.query<{ id: string }>(
      `WITH v AS MATERIALIZED (
         SELECT * FROM ${ATTEMPTS.as('v')}),
       settled AS (
         UPDATE webhook_delivery d SET state = v.state, claim_no = d.claim_no + 1, lease_until = NULL, attempts = d.attempts + 1,
           due_at = tranche_now() + coalesce(v.delay_s, 0) * interval '1 second',
           delivered_at = CASE WHEN v.state = 'delivered' THEN tranche_now() END
         FROM v WHERE d.id = v.delivery_id AND d.claim_no = v.claim_no
         RETURNING d.id, d.merchant_id, d.attempts, CASE WHEN v.delay_s IS NOT NULL THEN d.due_at END AS next_attempt_at),
       kept AS (
         INSERT INTO webhook_attempt (id, delivery_id, merchant_id, number, started_at, duration_ms, http_status, error_class, address,
           snippet, next_attempt_at)
         SELECT v.id, s.id, s.merchant_id, s.attempts, tranche_now() - v.since_ms * interval '1 millisecond', v.duration_ms, v.http_status,
           v.error_class, v.address, v.snippet, s.next_attempt_at
         FROM settled s JOIN v ON v.delivery_id = s.id)
       SELECT id FROM settled`,
      ATTEMPTS.of(attempts),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Puts what waits behind a failed delivery off to the same instant, so that claims do not walk over it until then. Only
   * a saving: what is written later, or missed, is still kept back by its order.
   */
  async deferSuccessors(tx: Tx, deliveryIds: readonly string[]): Promise<void> {
    if (deliveryIds.length === 0) return;
    await tx.query(
      `UPDATE webhook_delivery s SET due_at = f.due_at
       FROM webhook_delivery f
       WHERE f.id = ${anyOf('$1')} AND f.state = 'waiting' AND s.endpoint_id = f.endpoint_id AND s.subject_id = f.subject_id
         AND s.sequence > f.sequence AND s.state = 'waiting' AND s.due_at < f.due_at`,
      [deliveryIds],
    );
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
}
