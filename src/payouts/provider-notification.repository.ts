import { Injectable } from '@nestjs/common';
import type { ProviderNotification, ProviderPayment } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';

/** How a provider names one of its payments, and we the same. */
export interface PaymentNames {
  readonly payout_id: string;
  readonly connector_id: string;
  readonly provider_reference: string;
  readonly idempotency_key: string;
}

export interface KeptNotification {
  readonly payout_id: string;
  readonly payment: ProviderPayment;
}

/** A provider that tells of a payment after this long tells of one that is not ours. */
const KEPT_FOR_DAYS = 30;
/** One slice, so that no transaction is long. */
const FORGET_MAX = 10_000;

/** What providers said of payments that no intent names yet. Bounded: one row for a payment and a status, thirty days long. */
@Injectable()
export class ProviderNotificationRepository {
  async keep(tx: Tx, connectorId: string, { idempotencyKey, payment }: ProviderNotification): Promise<void> {
    await tx.query(
      `INSERT INTO provider_notification (connector_id, provider_reference, status, idempotency_key, payment)
       VALUES ($1, $2, $3, lower($4), $5)
       ON CONFLICT (connector_id, provider_reference, status) DO UPDATE SET received_at = excluded.received_at`,
      [connectorId, payment.providerReference, payment.status, idempotencyKey, JSON.stringify(payment)],
    );
  }

  /** Takes out what was kept for these payments, oldest first: from now on their intents know it. */
  async take(tx: Tx, names: readonly PaymentNames[]): Promise<KeptNotification[]> {
    const rows = await tx.query<KeptNotification & { received_at: Date }>(
      `DELETE FROM provider_notification n
       USING jsonb_to_recordset($1::jsonb) AS v (payout_id uuid, connector_id uuid, provider_reference text, idempotency_key text)
       WHERE n.connector_id = v.connector_id AND (n.provider_reference = v.provider_reference OR n.idempotency_key = v.idempotency_key)
       RETURNING v.payout_id, n.payment, n.received_at`,
      [JSON.stringify(names)],
    );
    return rows.toSorted((a, b) => a.received_at.getTime() - b.received_at.getTime());
  }

  /** Which of these keys the provider has spoken of before we knew them: it may have been paid under them. */
  async knownKeys(tx: Tx, connectorId: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await tx.query<{ idempotency_key: string }>(
      `SELECT idempotency_key FROM provider_notification WHERE connector_id = $1 AND idempotency_key = ANY($2::text[])`,
      [connectorId, keys],
    );
    return new Set(rows.map(({ idempotency_key }) => idempotency_key));
  }
}

/** @returns how many were deleted, of at most one slice. */
export async function forgetProviderNotifications(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `DELETE FROM provider_notification WHERE ctid = ANY (ARRAY (
       SELECT ctid FROM provider_notification WHERE received_at < tranche_now() - $1 * interval '1 day' LIMIT $2)) RETURNING 1`,
    [KEPT_FOR_DAYS, FORGET_MAX],
  );
  return rows.length;
}
