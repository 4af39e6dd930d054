import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';

/** Calls that one lane may have out at a time, over all processes: a slow receiver costs this many places, and no more. */
const IN_FLIGHT_PER_LANE_MAX = 8;
/** Rows of one lane per claim: a long queue of one never fills a claim that others wait for. */
const CLAIMED_PER_LANE_MAX = 4;

/** One delivery that this process may send until its lease ends, with all that sending needs. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly claim_no: number;
  readonly endpoint_id: string;
  readonly merchant_id: string;
  readonly event_id: string;
  readonly attempts: number;
  readonly attempts_before: number;
  readonly url: string;
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

/** The lanes with anything to send, found by hopping through webhook_delivery_due: as many steps as lanes, whatever the rows. */
const LANES = `lane AS (
    (SELECT endpoint_id FROM webhook_delivery WHERE state IN ('waiting', 'in_flight') ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.endpoint_id FROM webhook_delivery n
            WHERE n.state IN ('waiting', 'in_flight') AND n.endpoint_id > lane.endpoint_id ORDER BY n.endpoint_id LIMIT 1)
    FROM lane WHERE lane.endpoint_id IS NOT NULL)`;

/** All SQL that moves deliveries in bulk. Whoever moves rows of a lane holds the lane's row, or raises the fence of each. */
@Injectable()
export class DeliveryRepository {
  /**
   * Lanes in turn, longest unserved first; of each at most four due rows, and never more than eight out.
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
   * Two claims at once: rows are locked and looked at again (SKIP LOCKED), so each goes to one. A lane that another claim
   * has served since our snapshot (`seen` is the snapshot's version) is left out, since its calls would be counted short.
   * While a row is in flight it is due at the end of its lease: a dead process's rows come back by themselves.
   */
  claim(tx: Tx, { room, lease_s }: { readonly room: number; readonly lease_s: number }): Promise<ClaimedDelivery[]> {
    return tx.query<ClaimedDelivery & Record<string, unknown>>(
      `WITH RECURSIVE ${LANES},
       turn AS MATERIALIZED (
         SELECT e.id, CASE WHEN e.status = 'paused' THEN 1 ELSE ${IN_FLIGHT_PER_LANE_MAX} END
           - (SELECT count(*) FROM webhook_delivery f WHERE f.endpoint_id = e.id AND f.state = 'in_flight' AND f.lease_until > tranche_now()) AS room
         FROM lane
         JOIN webhook_endpoint e ON e.id = lane.endpoint_id
         JOIN webhook_endpoint seen ON seen.id = e.id AND seen.last_claimed_at = e.last_claimed_at
         WHERE e.status <> 'disabled' AND e.deleted_at IS NULL AND (e.paused_until IS NULL OR e.paused_until <= tranche_now())
           AND EXISTS (SELECT FROM webhook_delivery w
                       WHERE w.endpoint_id = e.id AND w.state IN ('waiting', 'in_flight') AND w.due_at <= tranche_now())
         ORDER BY e.last_claimed_at LIMIT $1
         FOR NO KEY UPDATE OF e SKIP LOCKED),
       served AS (UPDATE webhook_endpoint SET last_claimed_at = tranche_now() WHERE id IN (SELECT id FROM turn)),
       picked AS MATERIALIZED (
         SELECT due.id
         FROM turn CROSS JOIN LATERAL (
           SELECT mine.id, row_number() OVER () AS place
           FROM (SELECT d.id FROM webhook_delivery d
                 WHERE d.endpoint_id = turn.id AND d.state IN ('waiting', 'in_flight') AND d.due_at <= tranche_now()
                   AND d.sequence = (SELECT b.sequence FROM webhook_delivery b
                                     WHERE b.subject_id = d.subject_id AND b.endpoint_id = d.endpoint_id
                                       AND b.state IN ('waiting', 'in_flight', 'held')
                                     ORDER BY b.sequence LIMIT 1)
                 ORDER BY d.due_at, d.id LIMIT greatest(least(turn.room, ${CLAIMED_PER_LANE_MAX}), 0)
                 FOR UPDATE OF d SKIP LOCKED) mine) due
         ORDER BY due.place LIMIT $1),
       claimed AS (
         UPDATE webhook_delivery SET state = 'in_flight', claim_no = claim_no + 1,
           lease_until = tranche_now() + $2 * interval '1 second', due_at = tranche_now() + $2 * interval '1 second'
         WHERE id = ANY (ARRAY (SELECT id FROM picked))
         RETURNING id, claim_no, endpoint_id, merchant_id, event_id, attempts, attempts_before)
       SELECT c.*, e.url, e.registered, e.from_bulk, e.secrets, e.headers, m.webhook_secrets AS merchant_secrets, v.body, v.occurred_at,
         tranche_now() AS claimed_at
       FROM claimed c
       JOIN webhook_endpoint e ON e.id = c.endpoint_id
       JOIN merchant m ON m.id = c.merchant_id
       JOIN event v ON v.id = c.event_id`,
      [room, lease_s],
    );
  }

  /** Milliseconds until a lane has something due that it has not now, or null. What is due and waits for a place is woken by a settle. */
  async nextDue(tx: Tx): Promise<number | null> {
    const row = await tx.one<{ wait_ms: number | null }>(
      `WITH RECURSIVE ${LANES}
       SELECT (extract(epoch FROM min(next.at) - tranche_now()) * 1000)::double precision AS wait_ms
       FROM lane
       JOIN webhook_endpoint e ON e.id = lane.endpoint_id AND e.status <> 'disabled'
       CROSS JOIN LATERAL (
         SELECT CASE WHEN e.paused_until > tranche_now() THEN e.paused_until
           ELSE (SELECT d.due_at FROM webhook_delivery d
                 WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight') AND d.due_at > tranche_now()
                 ORDER BY d.due_at LIMIT 1) END AS at) next`,
    );
    return row?.wait_ms ?? null;
  }

  /**
   * Ends attempts. Guarded by the fence: a row whose lease ended and that somebody else has claimed since is not written,
   * and its result is dropped with its attempt.
   * @returns the ids of the deliveries that were written.
   */
  async settle(tx: Tx, attempts: readonly (AttemptRow & { readonly id: string })[]): Promise<Set<string>> {
    const rows = await tx.query<{ id: string }>(
      `WITH v AS MATERIALIZED (
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS v (id uuid, delivery_id uuid, claim_no integer, state text,
           delay_s double precision, since_ms double precision, duration_ms integer, http_status integer, error_class text, address text,
           snippet text)),
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
      [JSON.stringify(attempts)],
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
       WHERE f.id = ANY ($1::uuid[]) AND f.state = 'waiting' AND s.endpoint_id = f.endpoint_id AND s.subject_id = f.subject_id
         AND s.sequence > f.sequence AND s.state = 'waiting' AND s.due_at < f.due_at`,
      [deliveryIds],
    );
  }
}
