import { Injectable } from '@nestjs/common';
import { anyOf, Records, type Tx } from '../platform/database/index.js';
import type { Issue } from './payout-content.js';
import type { PayoutStatus } from './payout.lifecycle.js';

/** The hot row of a payout with what its events show, locked by the transaction that loaded it. */
export interface PayoutRow {
  readonly id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly position: number;
  readonly reference: string;
  readonly status: PayoutStatus;
  readonly version: number;
  readonly revision: number;
  readonly scheduled_at: Date | null;
  readonly connector_id: string | null;
  readonly held: boolean;
  readonly claim_no: number;
  readonly attempt_no: number;
  readonly issues: readonly Issue[] | null;
  readonly last_sequence: number;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly bulk_reference: string | null;
  readonly bulk_endpoint_id: string | null;
  readonly invalid_items: 'hold' | 'reject' | 'drop';
}

/** What a step writes to the hot row; the fence (`claim_no`) and the sequence are raised by the statement itself. */
export interface PayoutWrite {
  readonly id: string;
  readonly claim_no: number;
  readonly status: PayoutStatus;
  readonly version: number;
  readonly revision: number;
  readonly scheduled_at: Date | null;
  readonly connector_id: string | null;
  readonly attempt_no: number;
  readonly issues: readonly Issue[] | null;
  readonly lease_s: number | null;
  readonly events: number;
}

const WRITES = new Records({
  id: 'uuid',
  claim_no: 'integer',
  status: 'text',
  version: 'integer',
  revision: 'integer',
  scheduled_at: 'timestamptz',
  connector_id: 'uuid',
  attempt_no: 'integer',
  issues: 'json',
  lease_s: 'double precision',
  events: 'integer',
});

/** What the write gave: the subject's place in the feed, and the instant of the transition on the database's clock. */
export interface PayoutWritten {
  readonly id: string;
  readonly claim_no: number;
  readonly last_sequence: number;
  readonly feed: string;
  readonly updated_at: Date;
}

const ROW = `
  p.id, p.merchant_id, p.bulk_id, p.position, p.reference, p.status, p.version, p.revision, p.scheduled_at, p.connector_id,
  p.held, p.claim_no, p.attempt_no, p.issues, p.last_sequence, r.amount, r.currency,
  b.reference AS bulk_reference, b.webhook_endpoint_id AS bulk_endpoint_id, b.invalid_items
  FROM payout p
  JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
  JOIN bulk b ON b.id = p.bulk_id`;

const TO_JUDGE = `('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS')`;
const WAITS_FOR_JUDGE = `status IN ${TO_JUDGE} AND (lease_until IS NULL OR lease_until < tranche_now())`;

/**
 * All SQL that locks or writes the hot rows of payouts. Rows are locked in the order of their ids: no two lockers can
 * deadlock. What a lock found is read by a statement of its own, after it: whoever had to wait for a lock has a snapshot from
 * before, in which the revision that an edit has made meanwhile is missing, and the join would silently leave the payout out.
 */
@Injectable()
export class PayoutRepository {
  /** These payouts. */
  async lock(tx: Tx, ids: readonly string[]): Promise<PayoutRow[]> {
    const [, rows] = await Promise.all([
      tx.query(`SELECT id FROM payout WHERE id = ${anyOf('$1')} ORDER BY id FOR UPDATE`, [ids]),
      this.rows(tx, ids),
    ]);
    return rows;
  }

  /** Every payout of these bulks. */
  lockBulks(tx: Tx, bulkIds: readonly string[]): Promise<PayoutRow[]> {
    return this.locked(tx, tx.query(`SELECT id FROM payout WHERE bulk_id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`, [bulkIds]));
  }

  /** The payouts of this bulk, or those of these references; the bulk's own row is locked after them. */
  lockBulk(tx: Tx, bulkId: string, references: readonly string[] | null = null): Promise<PayoutRow[]> {
    if (references === null) return this.lockBulks(tx, [bulkId]);
    return this.locked(
      tx,
      tx.query(`SELECT id FROM payout WHERE bulk_id = $1 AND reference = ANY($2::text[]) ORDER BY id FOR UPDATE`, [
        bulkId,
        references,
      ]),
    );
  }

  /** Of these payouts those that nobody else holds at the moment. */
  lockFree(tx: Tx, ids: readonly string[]): Promise<PayoutRow[]> {
    return this.locked(tx, tx.query(`SELECT id FROM payout WHERE id = ${anyOf('$1')} ORDER BY id FOR UPDATE SKIP LOCKED`, [ids]));
  }

  /**
   * Payouts to be judged: waiting ones, and those whose judge's lease has ended. As lockDue, an equal share for each merchant that
   * has any, each merchant's oldest first; walks payout_to_judge from merchant to merchant. What others hold is skipped.
   */
  lockForValidation(tx: Tx, limit: number): Promise<PayoutRow[]> {
    return this.locked(
      tx,
      tx.query(
        `WITH RECURSIVE lane AS (
           (SELECT merchant_id FROM payout WHERE status IN ${TO_JUDGE} ORDER BY merchant_id LIMIT 1)
           UNION ALL
           SELECT (SELECT n.merchant_id FROM payout n WHERE n.status IN ${TO_JUDGE} AND n.merchant_id > lane.merchant_id
                   ORDER BY n.merchant_id LIMIT 1)
           FROM lane WHERE lane.merchant_id IS NOT NULL),
         ready AS MATERIALIZED (
           SELECT lane.merchant_id, oldest.id, count(*) OVER () AS lanes
           FROM lane
           CROSS JOIN LATERAL (
             SELECT id FROM payout WHERE merchant_id = lane.merchant_id AND ${WAITS_FOR_JUDGE} ORDER BY id LIMIT 1) oldest)
         SELECT waiting.id
         FROM (SELECT * FROM ready ORDER BY id LIMIT $1) turn
         CROSS JOIN LATERAL (
           SELECT id FROM payout WHERE merchant_id = turn.merchant_id AND ${WAITS_FOR_JUDGE}
           ORDER BY id LIMIT ceil($1::double precision / turn.lanes) FOR UPDATE SKIP LOCKED) waiting
         LIMIT $1`,
        [limit],
      ),
    );
  }

  /**
   * Due payouts of one connector: an equal share for each merchant that has any, each merchant's oldest first, so that a full
   * bulk of one never delays another's. What a merchant leaves of its share is for the next claim: `more` says that one has used
   * its share up, so that more of it may be due. Walks payout_due from merchant to merchant and locks only what it takes; paused
   * merchants and the engine's brake are left out.
   * @returns their ids.
   */
  async lockDue(tx: Tx, connectorId: string, limit: number): Promise<{ readonly due: string[]; readonly more: boolean }> {
    const locked = await tx.query<{ id: string; used_up: boolean }>(
      `WITH RECURSIVE lane AS (
           (SELECT merchant_id FROM payout WHERE connector_id = $1 AND status = 'SCHEDULED' AND NOT held ORDER BY merchant_id LIMIT 1)
           UNION ALL
           SELECT (SELECT n.merchant_id FROM payout n
                   WHERE n.connector_id = $1 AND n.status = 'SCHEDULED' AND NOT n.held AND n.merchant_id > lane.merchant_id
                   ORDER BY n.merchant_id LIMIT 1)
           FROM lane WHERE lane.merchant_id IS NOT NULL),
         ready AS MATERIALIZED (
           SELECT lane.merchant_id, oldest.scheduled_at, count(*) OVER () AS lanes
           FROM lane
           JOIN merchant m ON m.id = lane.merchant_id AND m.paused_at IS NULL
           CROSS JOIN LATERAL (
             SELECT scheduled_at FROM payout
             WHERE connector_id = $1 AND merchant_id = lane.merchant_id AND status = 'SCHEDULED' AND NOT held AND scheduled_at <= tranche_now()
             ORDER BY scheduled_at LIMIT 1) oldest
           WHERE EXISTS (SELECT FROM engine WHERE paused_at IS NULL AND quarantined_at IS NULL)
             AND EXISTS (SELECT FROM connector WHERE id = $1 AND paused_at IS NULL))
         SELECT due.id, count(*) OVER (PARTITION BY turn.merchant_id) >= ceil($2::double precision / turn.lanes) AS used_up
         FROM (SELECT * FROM ready ORDER BY scheduled_at LIMIT $2) turn
         CROSS JOIN LATERAL (
           SELECT id FROM payout
           WHERE connector_id = $1 AND merchant_id = turn.merchant_id AND status = 'SCHEDULED' AND NOT held AND scheduled_at <= tranche_now()
           ORDER BY scheduled_at LIMIT ceil($2::double precision / turn.lanes) FOR UPDATE SKIP LOCKED) due
         LIMIT $2`,
      [connectorId, limit],
    );
    return { due: locked.map(({ id }) => id), more: locked.some((row) => row.used_up) };
  }

  private async locked(tx: Tx, lock: Promise<{ id: string }[]>): Promise<PayoutRow[]> {
    const rows = await lock;
    return this.rows(
      tx,
      rows.map(({ id }) => id),
    );
  }

  /** What the caller has locked before, be it in the same packet: statements run in the order in which they were made. */
  async rows(tx: Tx, ids: readonly string[]): Promise<PayoutRow[]> {
    if (ids.length === 0) return [];
    return tx.query<PayoutRow & Record<string, unknown>>(`SELECT ${ROW} WHERE p.id = ${anyOf('$1')} ORDER BY p.id`, [ids]);
  }

  /**
   * The one write path of a payout's state. Guarded by the fence: a row that somebody else has moved on is not written and not
   * returned. The ids are told once more as a list: a planner takes any set of records for a hundred, and would read a small
   * table from its beginning to its end for one of them.
   */
  write(tx: Tx, writes: readonly PayoutWrite[]): Promise<PayoutWritten[]> {
    return tx.query<PayoutWritten & Record<string, unknown>>(
      `UPDATE payout p SET
         status = v.status, version = v.version, revision = v.revision, scheduled_at = v.scheduled_at, connector_id = v.connector_id,
         attempt_no = v.attempt_no, issues = v.issues, claim_no = p.claim_no + 1,
         lease_until = tranche_now() + v.lease_s * interval '1 second',
         last_sequence = p.last_sequence + v.events, feed = greatest(p.feed, (SELECT feed_now())),
         -- A claim for a look at the provider raises the fence and changes nothing that a merchant can see.
         -- Who waited for the lock began before whoever had it: what he tells is told after that all the same.
         updated_at = CASE WHEN v.events > 0 OR v.revision <> p.revision THEN greatest(p.updated_at, tranche_now()) ELSE p.updated_at END
       FROM ${WRITES.as('v')}
       WHERE p.id = ${anyOf('$1')} AND p.id = v.id AND p.claim_no = v.claim_no
       RETURNING p.id, p.claim_no, p.last_sequence, p.feed, p.updated_at`,
      WRITES.of(writes),
    );
  }
}
