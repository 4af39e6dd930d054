import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Failure, ProviderNotification, ProviderPayment } from '../connectors/index.js';
import { type SealedTable, Sealer } from '../platform/crypto/index.js';
import { anyOf, Records, type Tx } from '../platform/database/index.js';

/** How a provider names one of its payments, and we the same. */
export interface PaymentNames {
  readonly payout_id: string;
  readonly connector_id: string;
  readonly provider_reference: string;
  readonly idempotency_key: string;
}

const NAMES = new Records({ payout_id: 'uuid', connector_id: 'uuid', provider_reference: 'text', idempotency_key: 'text' });

export interface KeptNotification {
  readonly payout_id: string;
  readonly payment: ProviderPayment;
}

interface NotificationRow extends KeptNotification {
  readonly [column: string]: unknown;
  readonly connector_id: string;
  readonly provider_reference: string;
  readonly status: string;
  readonly failure: Buffer | null;
  readonly received_at: Date;
}

/** A provider that tells of a payment after this long tells of one that is not ours. */
const KEPT_FOR_DAYS = 30;
/** One slice, so that no transaction is long. */
const FORGET_MAX = 10_000;

/**
 * What providers said of payments that no intent names yet. Bounded: one row for a payment and a status, thirty days long. Their
 * reasons are sealed: they may repeat account data, and only who knows the payout can take that out.
 */
@Injectable()
export class ProviderNotificationRepository {
  private readonly logger = new Logger(ProviderNotificationRepository.name);

  constructor(@Inject(Sealer) private readonly sealer: Sealer) {}

  async keep(tx: Tx, connectorId: string, { idempotencyKey, payment }: ProviderNotification): Promise<void> {
    const { providerReference, status, failure } = payment;
    const row = { connector_id: connectorId, provider_reference: providerReference, status };
    const sealed = failure === null ? null : this.sealer.seal(JSON.stringify(failure), placeOf(row));
    await tx.query(
      `INSERT INTO provider_notification (connector_id, provider_reference, status, idempotency_key, payment, failure)
       VALUES ($1, $2, $3, lower($4), $5, $6)
       ON CONFLICT (connector_id, provider_reference, status) DO UPDATE SET received_at = excluded.received_at`,
      [connectorId, providerReference, status, idempotencyKey, JSON.stringify({ ...payment, failure: null }), sealed],
    );
  }

  /** Takes out what was kept for these payments, oldest first: from now on their intents know it. */
  async take(tx: Tx, names: readonly PaymentNames[]): Promise<KeptNotification[]> {
    if (names.length === 0) return [];
    const rows = await tx.query<NotificationRow>(
      `DELETE FROM provider_notification n
       USING ${NAMES.as('v')}
       WHERE n.connector_id = v.connector_id AND (n.provider_reference = v.provider_reference OR n.idempotency_key = v.idempotency_key)
       RETURNING v.payout_id, n.connector_id, n.provider_reference, n.status, n.payment, n.failure, n.received_at`,
      NAMES.of(names),
    );
    return rows
      .toSorted((a, b) => a.received_at.getTime() - b.received_at.getTime())
      .map((row) => ({ payout_id: row.payout_id, payment: { ...row.payment, failure: this.failureOf(row) } }));
  }

  /** A reason that can not be opened is lost, but not what became of the payment, nor what is settled together with it. */
  private failureOf(row: NotificationRow): Failure | null {
    if (row.failure === null) return row.payment.failure;
    try {
      return JSON.parse(this.sealer.open(row.failure, placeOf(row))) as Failure;
    } catch {
      this.logger.error(`what provider payment ${row.provider_reference} ended for can not be opened`);
      return { code: 'unspecified', message: 'The reason that the provider gave can not be read any more.', retryable: false };
    }
  }

  /** Which of these keys the provider has spoken of before we knew them: it may have been paid under them. */
  async knownKeys(tx: Tx, connectorId: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await tx.query<{ idempotency_key: string }>(
      `SELECT idempotency_key FROM provider_notification WHERE connector_id = $1 AND idempotency_key = ${anyOf('$2', 'text')}`,
      [connectorId, keys],
    );
    return new Set(rows.map(({ idempotency_key }) => idempotency_key));
  }
}

const placeOf = ({ connector_id, provider_reference, status }: Readonly<Record<string, unknown>>): string =>
  `notification|${String(connector_id)}|${String(status)}|${String(provider_reference)}`;

export const sealedProviderNotifications: SealedTable = {
  table: 'provider_notification',
  key: { connector_id: 'uuid', provider_reference: 'text', status: 'text' },
  columns: { failure: placeOf },
};

/** @returns how many were deleted, of at most one slice. */
export async function forgetProviderNotifications(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `DELETE FROM provider_notification WHERE ctid = ANY (ARRAY (
       SELECT ctid FROM provider_notification WHERE received_at < tranche_now() - $1 * interval '1 day' LIMIT $2)) RETURNING 1`,
    [KEPT_FOR_DAYS, FORGET_MAX],
  );
  return rows.length;
}
