import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import type { LaneChange, LaneHealth } from './breaker.js';
import type { CallsOut, LaneInTurn } from './share-places.js';

/** Lanes of one claim: bounds its statements and the locks on hosts that it holds. */
const LANES_PER_CLAIM_MAX = 64;
/** Lanes that are ready and were not served (somebody held them, or a limit was reached) are looked at again this soon. */
const READY_AGAIN_MS = 50;
/** A rate lets calls of this time start together, so that no timer has to fire for each of them. */
const RATE_BURST_S = 0.05;
/** Attempts are counted in windows of this length, for the breaker. */
const RECENT_S = 5 * 60;

export interface LaneRow extends LaneHealth {
  readonly id: string;
}

/** May be sent to at all. */
const OPEN = `e.status <> 'disabled' AND e.deleted_at IS NULL AND (e.paused_until IS NULL OR e.paused_until <= tranche_now())`;

const OF_OTHERS = 'e.merchant_id <> ALL ($1::uuid[])';

/** A part of any statement that makes deliveries of lanes due, or lets them go: the next claim looks at these lanes. */
export const wakeLanes = (lanes: string): string => `INSERT INTO webhook_lane_wake (endpoint_id) ${lanes}`;

/**
 * A part of a recursive statement, `lane (endpoint_id)`: every lane of which something is open, hopped to through
 * webhook_delivery_due, one step per lane, however much waits there.
 */
export const OPEN_LANES = `lane AS (
    (SELECT endpoint_id FROM webhook_delivery WHERE state IN ('waiting', 'in_flight') ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.endpoint_id FROM webhook_delivery n
            WHERE n.state IN ('waiting', 'in_flight') AND n.endpoint_id > lane.endpoint_id ORDER BY n.endpoint_id LIMIT 1)
    FROM lane WHERE lane.endpoint_id IS NOT NULL)`;

/** All SQL that chooses lanes and writes how they stand. Locks are taken in the order of ids, or not waited for. */
@Injectable()
export class LaneRepository {
  /**
   * Locks the lanes whose turn it is: of every merchant first the one that was served longest ago, then the second, and so
   * on. What another claim or settle holds is left out, and so is a lane whose host another claim is counting: of two lanes
   * of one host, two claims at once would each count only their own calls.
   *
   * Counting and claiming are statements of their own, so that their snapshots are younger than the locks. Ids are gathered in
   * arrays, because a planner without statistics joined a thousand lanes with themselves (500 ms): twice as many as are taken,
   * since some of them may be locked.
   * @param without merchants whose lanes have no turn, however many of them are ready: they would fill it for nothing.
   */
  inTurn(tx: Tx, without: readonly string[]): Promise<LaneInTurn[]> {
    return tx.query<LaneInTurn & Record<string, unknown>>(
      `WITH called AS (
         SELECT e.id, e.merchant_id, e.last_claimed_at FROM webhook_endpoint e WHERE e.ready_at <= tranche_now() AND ${OF_OTHERS} AND ${OPEN}
         UNION
         SELECT e.id, e.merchant_id, e.last_claimed_at FROM webhook_endpoint e
         WHERE e.id = ANY (ARRAY (SELECT DISTINCT endpoint_id FROM webhook_lane_wake)) AND ${OF_OTHERS} AND ${OPEN}),
       ranked AS (
         SELECT id, last_claimed_at, row_number() OVER (PARTITION BY merchant_id ORDER BY last_claimed_at, id) AS place FROM called),
       next AS MATERIALIZED (
         SELECT ARRAY (SELECT id FROM ranked ORDER BY place, last_claimed_at, id LIMIT ${2 * LANES_PER_CLAIM_MAX}) AS ids)
       SELECT turn.* FROM (
         SELECT e.id, e.merchant_id, e.host, e.calls_max, e.failure_streak > 0 AS failing,
           floor(extract(epoch FROM tranche_now() - greatest(e.rate_spent_until, tranche_now() - ${burst('e')}) + interval '1 microsecond')
             * e.rate_per_second)::integer AS starts
         FROM webhook_endpoint e
         WHERE e.id = ANY ((SELECT ids FROM next)::uuid[]) AND ${OPEN}
         ORDER BY array_position((SELECT ids FROM next), e.id) LIMIT ${LANES_PER_CLAIM_MAX}
         FOR NO KEY UPDATE OF e SKIP LOCKED) turn
       WHERE pg_try_advisory_xact_lock(hashtextextended('webhook host ' || turn.host, 0))`,
      [without],
    );
  }

  /** Lets the next claim look at these lanes. */
  async wake(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.query(wakeLanes('SELECT * FROM unnest($1::uuid[])'), [ids]);
    tx.wake('deliver');
  }

  /** Counts the calls that are out, by lane and by host. A call whose lease has ended is not out: its process is gone. */
  async callsOut(tx: Tx): Promise<CallsOut> {
    const rows = await tx.query<{ endpoint_id: string; host: string; calls: number }>(
      `SELECT f.endpoint_id, f.calls, (SELECT e.host FROM webhook_endpoint e WHERE e.id = f.endpoint_id) AS host
       FROM (SELECT endpoint_id, count(*)::integer AS calls FROM webhook_delivery
             WHERE state = 'in_flight' AND lease_until > tranche_now() GROUP BY endpoint_id) f`,
    );
    const ofHost = new Map<string, number>();
    for (const { host, calls } of rows) ofHost.set(host, (ofHost.get(host) ?? 0) + calls);
    return { ofLane: new Map(rows.map(({ endpoint_id, calls }) => [endpoint_id, calls])), ofHost };
  }

  /** Milliseconds until a lane of another merchant may have something to send, or null where none has anything. */
  async nextReady(tx: Tx, without: readonly string[]): Promise<number | null> {
    const row = await tx.one<{ wait_ms: number | null }>(
      `SELECT least(
         (SELECT ${READY_AGAIN_MS} FROM webhook_endpoint e WHERE e.ready_at <= tranche_now() AND ${OF_OTHERS} AND ${OPEN} LIMIT 1),
         (SELECT ${READY_AGAIN_MS} FROM webhook_lane_wake w JOIN webhook_endpoint e ON e.id = w.endpoint_id WHERE ${OF_OTHERS} AND ${OPEN} LIMIT 1),
         (SELECT extract(epoch FROM e.ready_at - tranche_now()) * 1000 FROM webhook_endpoint e
          WHERE e.ready_at > tranche_now() AND e.ready_at < 'infinity' AND e.status <> 'disabled' AND e.deleted_at IS NULL
          ORDER BY e.ready_at LIMIT 1))::double precision AS wait_ms`,
      [without],
    );
    return row?.wait_ms ?? null;
  }

  /**
   * The tables are the truth: finds lanes that have something due and were not called, and forgets calls of lanes that may not
   * be sent to. Those are ready when their pause ends, or when they are enabled, and whoever does that writes after this snapshot.
   */
  async lookOver(tx: Tx): Promise<void> {
    await tx.query(
      `WITH RECURSIVE ${OPEN_LANES},
       late AS (
         SELECT e.id FROM lane JOIN webhook_endpoint e ON e.id = lane.endpoint_id
         WHERE e.ready_at > tranche_now() AND ${OPEN}
           AND EXISTS (SELECT FROM webhook_delivery d
                       WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight') AND d.due_at <= tranche_now())
         ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED),
       forgotten AS (
         DELETE FROM webhook_lane_wake w WHERE w.ctid = ANY (ARRAY (
           SELECT s.ctid FROM webhook_lane_wake s JOIN webhook_endpoint e ON e.id = s.endpoint_id WHERE NOT (${OPEN})
           FOR UPDATE OF s SKIP LOCKED)))
       UPDATE webhook_endpoint SET ready_at = tranche_now() WHERE id IN (SELECT id FROM late)`,
    );
  }

  /** How lanes stand, locked in the order of their ids: no two settles can deadlock. */
  lock(tx: Tx, ids: readonly string[]): Promise<LaneRow[]> {
    return tx.query<LaneRow & Record<string, unknown>>(
      `SELECT id, status, failure_streak AS "failureStreak", pause_count AS "pauseCount",
         calls_max AS "callsMax", coalesce(paused_until <= tranche_now(), false) AS "pauseOver",
         CASE WHEN recent_since > tranche_now() - ${RECENT_S} * interval '1 second' THEN recent_attempts ELSE 0 END AS "recentAttempts",
         CASE WHEN recent_since > tranche_now() - ${RECENT_S} * interval '1 second' THEN recent_failures ELSE 0 END AS "recentFailures",
         coalesce(extract(epoch FROM tranche_now() - failing_since), 0)::double precision AS failing_s,
         extract(epoch FROM tranche_now() - coalesce(last_success_at, created_at))::double precision AS unsuccessful_s
       FROM webhook_endpoint WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
      [ids],
    );
  }

  /** Writes how lanes stand after attempts of theirs. There is room again, and the next of their payouts may go. */
  async writeHealth(tx: Tx, changes: readonly (LaneChange & { readonly id: string })[]): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoint e SET status = v.status, failure_streak = v."failureStreak", pause_count = v."pauseCount",
         calls_max = v."callsMax",
         reason = CASE WHEN v.status = e.status THEN e.reason ELSE v.reason END,
         since = CASE WHEN v.status = e.status THEN e.since ELSE tranche_now() END,
         updated_at = CASE WHEN v.status = e.status THEN e.updated_at ELSE tranche_now() END,
         paused_until = CASE WHEN v.status = 'paused' THEN coalesce(tranche_now() + v.pause_s * interval '1 second', e.paused_until) END,
         ready_at = CASE WHEN v.status = 'paused' THEN coalesce(tranche_now() + v.pause_s * interval '1 second', e.paused_until)
           ELSE least(e.ready_at, tranche_now()) END,
         failing_since = CASE WHEN v."failureStreak" = 0 THEN NULL WHEN v.succeeded THEN tranche_now() ELSE coalesce(e.failing_since, tranche_now()) END,
         recent_since = CASE WHEN v."recentBegins" THEN tranche_now() ELSE e.recent_since END,
         recent_attempts = v."recentAttempts", recent_failures = v."recentFailures",
         last_success_at = CASE WHEN v.succeeded THEN tranche_now() ELSE e.last_success_at END
       FROM jsonb_to_recordset($1::jsonb) AS v (id uuid, status text, reason text, "failureStreak" integer, "pauseCount" integer,
         "callsMax" integer, "recentBegins" boolean, "recentAttempts" integer, "recentFailures" integer, pause_s double precision,
         succeeded boolean)
       WHERE e.id = v.id`,
      [JSON.stringify(changes)],
    );
  }
}

/** How far a lane may lag behind its rate and still use it: at least one call. */
export function burst(lane: string): string {
  return `greatest(${RATE_BURST_S}, 1.0 / ${lane}.rate_per_second) * interval '1 second'`;
}
