import { Injectable } from '@nestjs/common';
import type { Failure } from '../connectors/index.js';
import { anyOf, Records, type Tx } from '../platform/database/index.js';
import { ATTEMPTS, INTENTS, type Learnt, NEW_INTENTS, type NewIntent, STEPS } from './intent-writes.js';
import type { IntentStatus } from './payout-intent.lifecycle.js';

/** An intent with its live (or else its last) attempt. Never locked by itself: the lock of its payout covers it. */
export interface IntentRow {
  readonly [column: string]: unknown;
  readonly payout_id: string;
  readonly id: string;
  readonly merchant_id: string;
  readonly connector_id: string;
  readonly status: IntentStatus;
  readonly provider_reference: string | null;
  readonly failure: Failure | null;
  readonly next_check_at: Date | null;
  readonly checks: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly attempt_id: string;
  readonly idempotency_key: string;
  readonly sends: number;
  readonly may_have_been_taken: boolean;
  readonly ever_unknown: boolean;
  readonly refused: Failure | null;
  readonly age_ms: number;
  readonly since_last_send_ms: number;
  /** Why the attempt stands as it does. */
  readonly attempt_detail: string | null;
  /** Whether `next_check_at` has come. */
  readonly due: boolean;
}

export type IntentWritten = Pick<IntentRow, 'payout_id' | 'provider_reference' | 'failure' | 'next_check_at' | 'updated_at'>;

/** How a provider names one of its payments. */
export interface PaymentName {
  readonly connector_id: string;
  readonly provider_reference: string;
}

/** The payout that is told as paid by it, or as being so. */
export interface PaymentHolder extends PaymentName {
  readonly payout_id: string;
  readonly merchant_id: string;
}

/** Which of the payouts that are due may be claimed. */
export type ClaimScope = 'all' | 'sends' | 'look_ups';

const CHECKS = new Records({ payout_id: 'uuid', number: 'integer', send: 'boolean' });

const COLUMNS = `i.payout_id, i.id, i.merchant_id, i.connector_id, i.status, i.provider_reference, i.failure, i.next_check_at, i.checks,
  i.created_at, i.updated_at, i.next_check_at <= tranche_now() AS due,
  a.id AS attempt_id, a.idempotency_key, a.sends, a.may_have_been_taken, a.ever_unknown, a.refused, a.detail AS attempt_detail,
  extract(epoch FROM tranche_now() - a.started_at)::double precision * 1000 AS age_ms,
  extract(epoch FROM tranche_now() - a.last_send_at)::double precision * 1000 AS since_last_send_ms`;

export const byPayout = <Row extends { readonly payout_id: string }>(rows: readonly Row[]): Map<string, Row> =>
  new Map(rows.map((row) => [row.payout_id, row]));

/** All SQL of intents and attempts. */
@Injectable()
export class PayoutIntentRepository {
  /**
   * Joined to a list of ids, not filtered by `= ANY`: a planner without fresh statistics looked through the whole list once
   * for each row (166 µs of each row instead of 44).
   */
  of(tx: Tx, payoutIds: readonly string[]): Promise<IntentRow[]> {
    return tx.query<IntentRow>(
      `SELECT ${COLUMNS}
       FROM unnest(ARRAY (SELECT unnest($1::uuid[]))) AS wanted (payout_id)
       JOIN payout_intent i ON i.payout_id = wanted.payout_id
       JOIN payout p ON p.id = wanted.payout_id
       JOIN attempt a ON a.payout_id = wanted.payout_id AND a.number = p.attempt_no`,
      [payoutIds],
    );
  }

  /**
   * Writes the intents and the attempts ahead of their first send. A retried payout keeps its intent and gets a new attempt
   * number, and with it a new key. What was `sentBefore` was sent nobody knows when, and says nothing of when we sent last.
   * @returns them as `of` would find them.
   */
  create(
    tx: Tx,
    intents: readonly NewIntent[],
    { lease_s, sentBefore }: { readonly lease_s: number; readonly sentBefore: boolean },
  ): Promise<IntentRow[]> {
    return tx.query<IntentRow>(
      `WITH v AS (
         SELECT * FROM ${NEW_INTENTS.as('v', 3)}),
       intents AS (
         INSERT INTO payout_intent (payout_id, id, merchant_id, connector_id, status, next_check_at)
         SELECT payout_id, intent_id, merchant_id, connector_id, 'created', tranche_now() + $1 * interval '1 second' FROM v
         ON CONFLICT (payout_id) DO UPDATE SET status = 'created', connector_id = excluded.connector_id, provider_reference = NULL,
           failure = NULL, next_check_at = excluded.next_check_at, checks = 0, updated_at = tranche_now()
         RETURNING *),
       attempts AS (
         INSERT INTO attempt (id, payout_id, merchant_id, connector_id, number, idempotency_key, last_send_at)
         SELECT attempt_id, payout_id, merchant_id, connector_id, number, idempotency_key, CASE WHEN $2 THEN 'epoch' ELSE tranche_now() END
         FROM v
         RETURNING *)
       SELECT ${COLUMNS} FROM intents i JOIN attempts a ON a.payout_id = i.payout_id`,
      [lease_s, sentBefore, ...NEW_INTENTS.of(intents)],
    );
  }

  /**
   * Payouts whose intent is due to be looked at or sent again, oldest first. Nothing is sent again while the engine, the
   * merchant or the connector is paused, or the engine is in quarantine; looking is always allowed, and all that is left for a
   * key that is too old to be sent. Only a hint: who works on one locks its payout and asks again.
   */
  async dueChecks(
    tx: Tx,
    connectorId: string,
    { limit, scope, sendableAge_ms }: { limit: number; scope: ClaimScope; sendableAge_ms: number },
  ): Promise<string[]> {
    const rows = await tx.query<{ payout_id: string }>(
      `SELECT i.payout_id
       FROM payout_intent i
       JOIN payout p ON p.id = i.payout_id
       JOIN attempt a ON a.payout_id = i.payout_id AND a.number = p.attempt_no
       JOIN merchant m ON m.id = i.merchant_id
       JOIN connector c ON c.id = i.connector_id
       CROSS JOIN engine e
       WHERE i.next_check_at <= tranche_now() AND i.connector_id = $1
         AND CASE WHEN a.may_have_been_taken OR extract(epoch FROM tranche_now() - a.started_at) * 1000 >= $4 THEN $3 <> 'sends'
           ELSE $3 <> 'look_ups' AND e.paused_at IS NULL AND e.quarantined_at IS NULL AND m.paused_at IS NULL AND c.paused_at IS NULL END
       ORDER BY i.next_check_at LIMIT $2`,
      [connectorId, limit, scope, sendableAge_ms],
    );
    return rows.map(({ payout_id }) => payout_id);
  }

  /**
   * Prolongs the leases of what is still held under these claims. Locks the payouts, as whoever takes one over does, so that a
   * claim that was lost is not prolonged for its new owner. @returns the payouts that are still held.
   */
  async renewLeases(
    tx: Tx,
    held: readonly { payoutId: string; claimNo: number }[],
    lease_s: number,
  ): Promise<ReadonlyMap<string, number>> {
    const rows = await tx.query<{ payout_id: string; claim_no: number }>(
      `WITH claim AS (SELECT * FROM unnest($1::uuid[], $2::integer[]) AS v (payout_id, claim_no)),
       locked AS MATERIALIZED (
         SELECT id, claim_no FROM payout WHERE id IN (SELECT payout_id FROM claim) ORDER BY id FOR UPDATE)
       UPDATE payout_intent i SET next_check_at = tranche_now() + $3 * interval '1 second'
       FROM claim JOIN locked ON locked.id = claim.payout_id AND locked.claim_no = claim.claim_no
       WHERE i.payout_id = claim.payout_id
       RETURNING i.payout_id, claim.claim_no`,
      [held.map(({ payoutId }) => payoutId), held.map(({ claimNo }) => claimNo), lease_s],
    );
    return new Map(rows.map(({ payout_id, claim_no }) => [payout_id, claim_no]));
  }

  /** Written ahead: another send of the same key, or a look, under a lease. */
  async beginCheck(
    tx: Tx,
    checks: readonly { payout_id: string; number: number; send: boolean }[],
    lease_s: number,
  ): Promise<void> {
    await tx.query(
      `WITH v AS (SELECT * FROM ${CHECKS.as('v', 2)}),
       sends AS (
         UPDATE attempt a SET sends = a.sends + 1, last_send_at = tranche_now(), may_have_been_taken = true
         FROM v WHERE a.payout_id = v.payout_id AND a.number = v.number AND v.send)
       UPDATE payout_intent i SET next_check_at = tranche_now() + $1 * interval '1 second'
       FROM v WHERE i.payout_id = v.payout_id`,
      [lease_s, ...CHECKS.of(checks)],
    );
  }

  /**
   * Writes what was learnt. What was claimed may have waited here before it was sent: a send counts from its end, or the stale
   * window would be over before it has begun. The caller holds the lock of each payout and has compared the fence.
   */
  async write(tx: Tx, { intents, attempts, steps }: Learnt): Promise<Map<string, IntentWritten>> {
    const rows = await tx.query<IntentWritten & Record<string, unknown>>(
      `WITH attempts AS (
         UPDATE attempt a SET live = v.live, may_have_been_taken = v.may_have_been_taken, ever_unknown = v.ever_unknown, refused = v.refused,
           outcome = v.outcome, http_status = coalesce(v.http_status, a.http_status),
           provider_reference = coalesce(v.provider_reference, a.provider_reference), detail = v.detail,
           last_send_at = CASE WHEN v.sent THEN tranche_now() ELSE a.last_send_at END,
           ended_at = CASE WHEN v.live THEN NULL ELSE coalesce(a.ended_at, tranche_now()) END
         FROM ${ATTEMPTS.as('v', INTENTS.width + 1)}
         WHERE a.payout_id = ${anyOf('$1')} AND a.payout_id = v.payout_id AND a.number = v.number),
       steps AS (
         INSERT INTO attempt_step (merchant_id, attempt_id, action, outcome, http_status, detail)
         SELECT * FROM ${STEPS.as('v', INTENTS.width + ATTEMPTS.width + 1)})
       UPDATE payout_intent i SET status = v.status, provider_reference = v.provider_reference, failure = v.failure,
         next_check_at = tranche_now() + v.next_check_ms * interval '1 millisecond', checks = v.checks,
         updated_at = CASE WHEN i.status <> v.status THEN tranche_now() ELSE i.updated_at END
       FROM ${INTENTS.as('v')}
       WHERE i.payout_id = ${anyOf('$1')} AND i.payout_id = v.payout_id
       RETURNING i.payout_id, i.provider_reference, i.failure, i.next_check_at, i.updated_at`,
      [...INTENTS.of(intents), ...ATTEMPTS.of(attempts), ...STEPS.of(steps)],
    );
    return byPayout(rows);
  }

  /** Whose payments these are. By the index payout_intent_payment, in which each name of a connector stands once. */
  holdersOf(tx: Tx, names: readonly PaymentName[]): Promise<PaymentHolder[]> {
    return tx.query<PaymentHolder & Record<string, unknown>>(
      `SELECT payout_id, merchant_id, connector_id, provider_reference FROM payout_intent
       WHERE connector_id = ${anyOf('$1')} AND provider_reference = ${anyOf('$2', 'text')}`,
      [[...new Set(names.map(({ connector_id }) => connector_id))], names.map(({ provider_reference }) => provider_reference)],
    );
  }

  payoutOfIntent(tx: Tx, intentId: string): Promise<{ payout_id: string; merchant_id: string } | null> {
    return tx.one(`SELECT payout_id, merchant_id FROM payout_intent WHERE id = $1`, [intentId]);
  }
}
