import { Injectable } from '@nestjs/common';
import type { PayoutStatus } from '../bulks/index.js';
import type { IntentStatus } from '../payouts/index.js';
import { Records, type Tx } from '../platform/database/index.js';

/** How a provider names a payment: by our key, by its own reference, or both. */
export interface NamedPayment {
  readonly key: string | null;
  readonly reference: string;
}

/** The intent behind such a name. */
export interface NamedIntent {
  readonly place: number;
  readonly payout_id: string;
  /** It names an earlier attempt than the one that counts now. */
  readonly superseded: boolean;
  readonly status: IntentStatus;
  readonly provider_reference: string | null;
  readonly amount: string | null;
  readonly currency: string | null;
  /** A process has the call out at this moment. */
  readonly in_hand: boolean;
}

export interface DerivedFrom {
  readonly key: string;
  readonly payout_id: string;
  readonly status: PayoutStatus;
}

/** What a provider holds for a receiver whom it does not know, as it knows it. */
export interface WaitingPayment {
  readonly payoutId: string;
  readonly connectorId: string;
  readonly providerReference: string;
}

/** A comparison that is under way: it goes on where it was left, in whatever process. */
export interface Pass {
  readonly from: Date;
  /** As PostgreSQL writes it, for a JavaScript date would lose its microseconds. */
  readonly began_at: string;
  readonly cursor: string | null;
}

const NAMES = new Records({ place: 'integer', key: 'uuid', reference: 'text' });

/** The first comparison looks back this far. */
const FIRST_PASS_DAYS = 1;
/** Each begins so much before the end of the one before: for payments that a provider shows late, and for its clock. */
const OVERLAP_MINUTES = 20;

/** The intent that a hint is about. */
const HINTED = `connector_id = $1 AND provider_reference = $2 AND status IN ('pending', 'unclaimed', 'succeeded')`;
/** Its next look is further away than a lease, or there is none to come. */
const IS_FAR = `coalesce(next_check_at > tranche_now() + $3 * interval '1 second', true)`;

/** What a hint names. */
export interface HintedLook {
  readonly connectorId: string;
  readonly providerReference: string;
  readonly lease_s: number;
}

/** All SQL that compares a provider's books with ours. */
@Injectable()
export class ProviderBooksRepository {
  /**
   * What has waited for so long, in the order of payouts. By the index payout_intent_unclaimed. Nothing is asked of a provider
   * while its connector or the engine is paused, or the books are in quarantine.
   */
  unclaimedFor(tx: Tx, { days, after, limit }: { days: number; after: string | null; limit: number }): Promise<WaitingPayment[]> {
    return tx.query<WaitingPayment & Record<string, unknown>>(
      `SELECT i.payout_id AS "payoutId", i.connector_id AS "connectorId", i.provider_reference AS "providerReference"
       FROM payout_intent i
       JOIN connector c ON c.id = i.connector_id
       CROSS JOIN engine e
       WHERE i.status = 'unclaimed' AND i.updated_at <= tranche_now() - make_interval(days => $1)
         AND ($2::uuid IS NULL OR i.payout_id > $2) AND i.provider_reference IS NOT NULL
         AND c.paused_at IS NULL AND e.paused_at IS NULL AND e.quarantined_at IS NULL
       ORDER BY i.payout_id LIMIT $3`,
      [days, after, limit],
    );
  }

  /** The intents behind these names, among those of this connector, by the place in the list. What we do not know is missing. */
  async named(tx: Tx, connectorId: string, names: readonly NamedPayment[]): Promise<Map<number, NamedIntent>> {
    const list = names.map(({ key, reference }, place) => ({ place, key: asUuid(key), reference }));
    const rows = await tx.query<NamedIntent & Record<string, unknown>>(
      `SELECT v.place, n.payout_id, n.superseded, i.status, i.provider_reference, r.amount, r.currency,
         i.status = 'created' AND a.may_have_been_taken AND i.next_check_at > tranche_now() AS in_hand
       FROM ${NAMES.as('v', 2)}
       CROSS JOIN LATERAL (
         SELECT a.payout_id, a.number, a.number < p.attempt_no AS superseded FROM attempt a JOIN payout p ON p.id = a.payout_id
         WHERE a.connector_id = $1 AND a.idempotency_key = v.key
         UNION ALL
         SELECT i.payout_id, p.attempt_no, false FROM payout_intent i JOIN payout p ON p.id = i.payout_id
         WHERE i.connector_id = $1 AND i.provider_reference = v.reference
         LIMIT 1) n
       JOIN payout_intent i ON i.payout_id = n.payout_id
       JOIN attempt a ON a.payout_id = n.payout_id AND a.number = n.number
       JOIN payout p ON p.id = n.payout_id
       JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision`,
      [connectorId, ...NAMES.of(list)],
    );
    return new Map(rows.map((row) => [row.place, row]));
  }

  /** Whether a hint would bring the next look forward, and whether it would be the last; null: it names nothing of ours. */
  nextLook(
    tx: Tx,
    { connectorId, providerReference, lease_s }: HintedLook,
  ): Promise<{ readonly isFar: boolean; readonly isLast: boolean } | null> {
    return tx.one<{ readonly isFar: boolean; readonly isLast: boolean }>(
      `SELECT ${IS_FAR} AS "isFar", status = 'succeeded' AS "isLast" FROM payout_intent WHERE ${HINTED} LIMIT 1`,
      [connectorId, providerReference, lease_s],
    );
  }

  /**
   * What the provider has taken under this name is due to be looked at now. What is due within a lease may be in somebody's hands
   * already, and is looked at soon anyway: so nobody's answer is lost to a stranger who asks again and again.
   * @returns whether there is such an intent.
   */
  async bringForward(tx: Tx, { connectorId, providerReference, lease_s }: HintedLook): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE payout_intent SET next_check_at = tranche_now() WHERE ${HINTED} AND ${IS_FAR} RETURNING 1`,
      [connectorId, providerReference, lease_s],
    );
    return rows.length > 0;
  }

  /**
   * Payouts whose attempt would have one of these keys: derived here as `idempotencyKeyOf` derives it. Walks every payout, for a
   * question that is asked once, when a restored database has lost attempts.
   */
  async derivedFrom(tx: Tx, keys: readonly string[]): Promise<DerivedFrom[]> {
    const uuids = keys.map(asUuid).filter((key) => key !== null);
    if (uuids.length === 0) return [];
    return tx.query<DerivedFrom & Record<string, unknown>>(
      `SELECT v.key::text AS key, p.id AS payout_id, p.status
       FROM unnest($1::uuid[]) AS v (key)
       JOIN payout p ON v.key = encode(substring(sha256(convert_to(
         'payout:v1|' || p.merchant_id || '|' || p.id || '|' || p.attempt_no, 'UTF8')) FROM 1 FOR 16), 'hex')::uuid`,
      [uuids],
    );
  }

  /** The pass that is under way, or a new one from a little before the end of the one before. */
  beginPass(tx: Tx, connectorId: string): Promise<Pass | null> {
    return tx.one<Pass & Record<string, unknown>>(
      `UPDATE connector SET
         reconcile_began_at = coalesce(reconcile_began_at, tranche_now()),
         reconcile_from = coalesce(reconcile_from,
           coalesce(reconciled_until, tranche_now() - $2 * interval '1 day') - $3 * interval '1 minute')
       WHERE id = $1 RETURNING reconcile_from AS from, reconcile_began_at::text AS began_at, reconcile_cursor AS cursor`,
      [connectorId, FIRST_PASS_DAYS, OVERLAP_MINUTES],
    );
  }

  /** A pass that another process has ended meanwhile is left alone. */
  async turnPage(tx: Tx, connectorId: string, { began_at, cursor }: Pick<Pass, 'began_at' | 'cursor'>): Promise<void> {
    await tx.query(
      `UPDATE connector SET reconcile_cursor = $3, lists_payments = true WHERE id = $1 AND reconcile_began_at = $2::timestamptz`,
      [connectorId, began_at, cursor],
    );
  }

  async endPass(tx: Tx, connectorId: string, pass: Pass): Promise<void> {
    await tx.query(
      `UPDATE connector SET reconciled_until = reconcile_began_at, lists_payments = true,
         reconcile_from = NULL, reconcile_began_at = NULL, reconcile_cursor = NULL
       WHERE id = $1 AND reconcile_began_at = $2::timestamptz`,
      [connectorId, pass.began_at],
    );
  }

  /** The provider keeps no list: what is open is asked for one by one. */
  async noteNoList(tx: Tx, connectorId: string): Promise<void> {
    await tx.query(
      `UPDATE connector SET lists_payments = false, reconcile_from = NULL, reconcile_began_at = NULL, reconcile_cursor = NULL
       WHERE id = $1 AND (lists_payments IS NOT FALSE OR reconcile_began_at IS NOT NULL)`,
      [connectorId],
    );
  }
}

/** Every key of ours is a UUID; anything else in its place names nothing. */
const asUuid = (key: string | null): string | null =>
  key !== null && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(key) ? key : null;
