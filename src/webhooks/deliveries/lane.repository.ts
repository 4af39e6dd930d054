import { Injectable } from '@nestjs/common';
import { anyOf, Records, type Tx } from '../../platform/database/index.js';
import { NIL_UUID } from '../../platform/ids/index.js';
import type { LaneChange, LaneHealth } from './breaker.js';
import type { CallsOut, LaneInTurn } from './share-places.js';

/** Lanes of one claim: bounds its statements and the locks on hosts that it holds. */
const LANES_PER_CLAIM_MAX = 64;
/** Merchants of one claim: as many as can each have a lane in it. */
const MERCHANTS_PER_CLAIM_MAX = LANES_PER_CLAIM_MAX;
/** Wakes, and instants that have come, of one claim: bounds the lanes that it locks. */
const QUEUED_PER_CLAIM_MAX = 1_000;
/** A rate lets calls of this time start together, so that no timer has to fire for each of them. */
const RATE_BURST_S = 0.05;
/** Attempts are counted in windows of this length, for the breaker. */
const RECENT_S = 5 * 60;

const CHANGES = new Records({
  id: 'uuid',
  status: 'text',
  reason: 'text',
  failureStreak: 'integer',
  pauseCount: 'integer',
  callsMax: 'integer',
  recentBegins: 'boolean',
  recentAttempts: 'integer',
  recentFailures: 'integer',
  pause_s: 'double precision',
  succeeded: 'boolean',
});

export interface LaneRow extends LaneHealth {
  readonly id: string;
}

export interface LaneOfTurn extends LaneInTurn {
  /** The last merchant whom the claim asked; null where it asked everybody. */
  readonly cameTo: string | null;
}

/** May be sent to at all. */
const OPEN = `e.status <> 'disabled' AND e.deleted_at IS NULL AND (e.paused_until IS NULL OR e.paused_until <= tranche_now())`;

/** The same of lanes that are named. IS TRUE keeps a planner without statistics from reading the whole index of instants instead. */
const NAMED_OPEN = `(${OPEN}) IS TRUE`;

/**
 * In the queue of its merchant: something of it may be due right now. By webhook_endpoint_queue alone; IS TRUE keeps a planner without
 * statistics from the index of instants, in which all queues are one.
 */
const QUEUED = `(q.ready_at = '-infinity') IS TRUE AND q.status <> 'disabled' AND q.deleted_at IS NULL`;

/** Its instant has come, and no claim has let it into the queue yet. */
const ELAPSED = `e.ready_at > '-infinity' AND e.ready_at <= tranche_now()`;

/**
 * A part of a recursive statement, `merchant (id)`: who has lanes in his queue, from the one behind $2 on and round to him, one hop
 * for each, however many lanes that is. UNION ends it where it comes to somebody again. Of nobody it has one row, which is null.
 */
const QUEUES = `merchant AS (
    SELECT coalesce(${queueBehind('$2')}, ${queueBehind(`'${NIL_UUID}'`)}) AS id
    UNION
    SELECT coalesce(${queueBehind('merchant.id')}, ${queueBehind(`'${NIL_UUID}'`)}) FROM merchant)`;

function queueBehind(merchant: string): string {
  return `(SELECT q.merchant_id FROM webhook_endpoint q WHERE ${QUEUED} AND q.merchant_id > ${merchant} ORDER BY q.merchant_id LIMIT 1)`;
}

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

/** How lanes stand, locked. */
const LANES_LOCKED = `SELECT id, status, failure_streak AS "failureStreak", pause_count AS "pauseCount",
     calls_max AS "callsMax", coalesce(paused_until <= tranche_now(), false) AS "pauseOver",
     CASE WHEN recent_since > tranche_now() - ${RECENT_S} * interval '1 second' THEN recent_attempts ELSE 0 END AS "recentAttempts",
     CASE WHEN recent_since > tranche_now() - ${RECENT_S} * interval '1 second' THEN recent_failures ELSE 0 END AS "recentFailures",
     coalesce(extract(epoch FROM tranche_now() - failing_since), 0)::double precision AS failing_s,
     extract(epoch FROM tranche_now() - coalesce(last_success_at, created_at))::double precision AS unsuccessful_s
   FROM webhook_endpoint WHERE id = ${anyOf('$1')} ORDER BY id FOR NO KEY UPDATE`;

/** All SQL that chooses lanes and writes how they stand. Locks are taken in the order of ids, or not waited for. */
@Injectable()
export class LaneRepository {
  /**
   * Lanes that were woken, or whose instant has come, stand in the queue from now on: no claim has to look for them again, however long
   * they wait for a place. Their wakes are taken away, and so is one of a lane that may not be sent to: that one is ready when its pause
   * ends, or when it is enabled, and whoever does that writes after this snapshot. What a wake belongs to is seen by every statement
   * after this one.
   *
   * Lanes that somebody holds keep their wakes: his snapshot may be older than they are. Where a lane stands is read under its lock: it
   * may have left the queue since this snapshot.
   */
  async queueReady(tx: Tx): Promise<void> {
    await tx.query(
      `WITH wake AS MATERIALIZED (
         SELECT ctid AS row, endpoint_id FROM webhook_lane_wake LIMIT ${QUEUED_PER_CLAIM_MAX} FOR UPDATE SKIP LOCKED),
       lane AS MATERIALIZED (
         SELECT e.id, e.ready_at FROM webhook_endpoint e
         WHERE e.id = ANY (ARRAY (
             SELECT endpoint_id FROM wake
             UNION (SELECT e.id FROM webhook_endpoint e WHERE ${ELAPSED} AND ${OPEN} ORDER BY e.ready_at LIMIT ${QUEUED_PER_CLAIM_MAX})))
           AND ${NAMED_OPEN}
         FOR NO KEY UPDATE SKIP LOCKED),
       heard AS (
         DELETE FROM webhook_lane_wake WHERE ctid = ANY (ARRAY (
           SELECT wake.row FROM wake WHERE wake.endpoint_id IN (SELECT id FROM lane)
             OR NOT EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = wake.endpoint_id AND ${NAMED_OPEN}))))
       UPDATE webhook_endpoint SET ready_at = '-infinity' WHERE id = ANY (ARRAY (SELECT id FROM lane WHERE ready_at > '-infinity'))`,
    );
  }

  /**
   * Locks the lanes whose turn it is: of every merchant first the one that was served longest ago, then the second, and so
   * on. What another claim or settle holds is left out, and so is a lane whose host another claim is counting: of two lanes
   * of one host, two claims at once would each count only their own calls.
   *
   * Hops from merchant to merchant, so what it costs grows neither with the lanes that wait in a queue nor with those of the
   * merchants who are passed over. Of more merchants than it has turns for it takes those behind whom the claim before came to.
   *
   * Counting and claiming are statements of their own, so that their snapshots are younger than the locks. Ids are gathered in
   * arrays, because a planner without statistics joined a thousand lanes with themselves (500 ms): twice as many as are taken,
   * since some of them may be locked.
   * @param without merchants whose lanes have no turn, however many of them are ready: they would fill it for nothing.
   * @param after the merchant whom the claim before came to.
   */
  inTurn(tx: Tx, without: readonly string[], after = NIL_UUID): Promise<LaneOfTurn[]> {
    return tx.query<LaneOfTurn & Record<string, unknown>>(
      `WITH RECURSIVE ${QUEUES},
       asked AS MATERIALIZED (
         SELECT id FROM merchant WHERE id IS NOT NULL AND id <> ALL ($1::uuid[]) LIMIT ${MERCHANTS_PER_CLAIM_MAX}),
       next AS MATERIALIZED (
         SELECT ARRAY (
           SELECT lane.id FROM asked CROSS JOIN LATERAL (
             SELECT first.*, row_number() OVER (ORDER BY first.last_claimed_at, first.id) AS place FROM (
               SELECT q.id, q.last_claimed_at FROM webhook_endpoint q WHERE ${QUEUED} AND q.merchant_id = asked.id
               ORDER BY q.last_claimed_at, q.id LIMIT ${2 * LANES_PER_CLAIM_MAX}) first) lane
           ORDER BY lane.place, lane.last_claimed_at, lane.id LIMIT ${2 * LANES_PER_CLAIM_MAX}) AS ids)
       SELECT turn.*, (SELECT id FROM asked OFFSET ${MERCHANTS_PER_CLAIM_MAX - 1}) AS "cameTo" FROM (
         SELECT e.id, e.merchant_id, coalesce(e.host, e.id::text) AS host, e.calls_max, e.failure_streak > 0 AS failing,
           floor(extract(epoch FROM tranche_now() - greatest(e.rate_spent_until, tranche_now() - ${burst('e')}) + interval '1 microsecond')
             * e.rate_per_second)::integer AS starts
         FROM webhook_endpoint e
         WHERE e.id = ANY ((SELECT ids FROM next)::uuid[]) AND ${NAMED_OPEN}
         ORDER BY array_position((SELECT ids FROM next), e.id) LIMIT ${LANES_PER_CLAIM_MAX}
         FOR NO KEY UPDATE OF e SKIP LOCKED) turn
       WHERE pg_try_advisory_xact_lock(hashtextextended('webhook host ' || turn.host, 0))`,
      [without, after],
    );
  }

  /** Lets the next claim look at these lanes. */
  async wake(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.query(wakeLanes('SELECT * FROM unnest($1::uuid[])'), [ids]);
    tx.wake('deliver');
  }

  /**
   * Counts the calls that are out to these hosts, by lane and by host. A call whose lease has ended is not out: its process is gone.
   * @param ended claims of this process whose calls have ended, although their rows do not say so yet. To the host they are out no more;
   * to their lane they are: what they have taught, perhaps to pause it, is not written yet.
   */
  async callsOut(
    tx: Tx,
    hosts: readonly string[],
    ended: readonly { readonly id: string; readonly claim_no: number }[],
  ): Promise<CallsOut> {
    const rows = await tx.query<{ endpoint_id: string; host: string; calls: number; ended: number }>(
      `SELECT * FROM (
         SELECT f.endpoint_id, f.calls, f.ended, (SELECT coalesce(e.host, e.id::text) FROM webhook_endpoint e WHERE e.id = f.endpoint_id) AS host
         FROM (SELECT endpoint_id, count(*)::integer AS calls,
                 count(*) FILTER (WHERE (id, claim_no) IN (SELECT * FROM unnest($2::uuid[], $3::integer[])))::integer AS ended
               FROM webhook_delivery WHERE state = 'in_flight' AND lease_until > tranche_now() GROUP BY endpoint_id) f) lane
       WHERE lane.host = ${anyOf('$1', 'text')}`,
      [hosts, ended.map(({ id }) => id), ended.map(({ claim_no }) => claim_no)],
    );
    const ofHost = new Map<string, number>();
    for (const { host, calls, ended } of rows) ofHost.set(host, (ofHost.get(host) ?? 0) + calls - ended);
    return { ofLane: new Map(rows.map(({ endpoint_id, calls }) => [endpoint_id, calls])), ofHost };
  }

  /**
   * Milliseconds until a lane of another merchant may have something to send, or null where none has anything.
   * @param again_ms for lanes that are ready and were not served, because somebody held them or a limit was reached.
   */
  async nextReady(tx: Tx, without: readonly string[], again_ms: number): Promise<number | null> {
    const row = await tx.one<{ wait_ms: number | null }>(
      `WITH RECURSIVE ${QUEUES}
       SELECT least(
         (SELECT $3::double precision FROM merchant WHERE id IS NOT NULL AND id <> ALL ($1::uuid[]) LIMIT 1),
         (SELECT $3::double precision FROM webhook_lane_wake LIMIT 1),
         (SELECT $3::double precision FROM webhook_endpoint e WHERE ${ELAPSED} AND ${OPEN} LIMIT 1),
         (SELECT extract(epoch FROM e.ready_at - tranche_now()) * 1000 FROM webhook_endpoint e
          WHERE e.ready_at > tranche_now() AND e.ready_at < 'infinity' AND e.status <> 'disabled' AND e.deleted_at IS NULL
          ORDER BY e.ready_at LIMIT 1))::double precision AS wait_ms`,
      [without, NIL_UUID, again_ms],
    );
    return row?.wait_ms ?? null;
  }

  /** The tables are the truth: finds lanes that have room and something due and were not woken. */
  async lookOver(tx: Tx): Promise<void> {
    await tx.query(
      `WITH RECURSIVE ${OPEN_LANES},
       late AS (
         SELECT e.id FROM lane JOIN webhook_endpoint e ON e.id = lane.endpoint_id
         WHERE e.ready_at > tranche_now() AND ${OPEN}
           AND EXISTS (SELECT FROM webhook_delivery d
                       WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight') AND d.due_at <= tranche_now())
           AND e.calls_max > (SELECT count(*) FROM webhook_delivery d
                              WHERE d.endpoint_id = e.id AND d.state = 'in_flight' AND d.lease_until > tranche_now())
         ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED)
       UPDATE webhook_endpoint SET ready_at = '-infinity' WHERE id IN (SELECT id FROM late)`,
    );
  }

  /** How lanes stand, locked in the order of their ids: no two settles can deadlock. */
  lock(tx: Tx, ids: readonly string[]): Promise<LaneRow[]> {
    return tx.query<LaneRow & Record<string, unknown>>(LANES_LOCKED, [ids]);
  }

  /** The same of those that nobody holds. */
  lockUnheld(tx: Tx, ids: readonly string[]): Promise<LaneRow[]> {
    return tx.query<LaneRow & Record<string, unknown>>(`${LANES_LOCKED} SKIP LOCKED`, [ids]);
  }

  /**
   * Writes how lanes stand after attempts of theirs. There is room again, and what stood behind those may go: a lane is ready when
   * the first of all that is open of it is due. Whatever is written for it after this snapshot comes with a wake.
   */
  async writeHealth(tx: Tx, changes: readonly (LaneChange & { readonly id: string })[]): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoint e SET status = v.status, failure_streak = v."failureStreak", pause_count = v."pauseCount",
         calls_max = v."callsMax",
         reason = CASE WHEN v.status = e.status THEN e.reason ELSE v.reason END,
         since = CASE WHEN v.status = e.status THEN e.since ELSE greatest(e.since, tranche_now()) END,
         updated_at = CASE WHEN v.status = e.status THEN e.updated_at ELSE greatest(e.updated_at, tranche_now()) END,
         paused_until = CASE WHEN v.status = 'paused' THEN coalesce(tranche_now() + v.pause_s * interval '1 second', e.paused_until) END,
         ready_at = CASE WHEN v.status = 'paused' THEN coalesce(tranche_now() + v.pause_s * interval '1 second', e.paused_until)
           ELSE (SELECT CASE WHEN min(first.due_at) <= tranche_now() THEN '-infinity' ELSE coalesce(min(first.due_at), 'infinity') END
             FROM (SELECT d.due_at FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight')
                   ORDER BY d.due_at LIMIT 1) first) END,
         failing_since = CASE WHEN v."failureStreak" = 0 THEN NULL WHEN v.succeeded THEN tranche_now() ELSE coalesce(e.failing_since, tranche_now()) END,
         recent_since = CASE WHEN v."recentBegins" THEN tranche_now() ELSE e.recent_since END,
         recent_attempts = v."recentAttempts", recent_failures = v."recentFailures",
         last_success_at = CASE WHEN v.succeeded THEN tranche_now() ELSE e.last_success_at END
       FROM ${CHANGES.as('v')}
       WHERE e.id = v.id`,
      CHANGES.of(changes),
    );
  }
}

/** How far a lane may lag behind its rate and still use it: at least one call. */
export function burst(lane: string): string {
  return `greatest(${RATE_BURST_S}, 1.0 / ${lane}.rate_per_second) * interval '1 second'`;
}
