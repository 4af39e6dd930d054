import { Injectable } from '@nestjs/common';
import { Records, type Tx } from '../platform/database/index.js';

/**
 * `unknown`: no attempt and no payout of ours has its key. `not_ours_to_pay`: its payout is cancelled, invalid or failed.
 * `superseded`: it belongs to an attempt after whose refusal another was opened.
 */
export const STRAY_KINDS = ['unknown', 'not_ours_to_pay', 'superseded', 'other_amount', 'contradiction'] as const;
export type StrayKind = (typeof STRAY_KINDS)[number];

export interface StrayPayment {
  readonly provider_reference: string;
  readonly kind: StrayKind;
  readonly payout_id: string | null;
  readonly detail: string;
}

const STRAYS = new Records({ provider_reference: 'text', kind: 'text', payout_id: 'uuid', detail: 'text' });

/** All SQL of stray payments but their list. */
@Injectable()
export class StrayPaymentRepository {
  /** Of these references those that were told of before. */
  async known(tx: Tx, connectorId: string, references: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await tx.query<{ provider_reference: string }>(
      `SELECT provider_reference FROM stray_payment WHERE connector_id = $1 AND provider_reference = ANY($2::text[])`,
      [connectorId, references],
    );
    return new Set(rows.map(({ provider_reference }) => provider_reference));
  }

  /** @returns those that were not told of before. */
  record(tx: Tx, connectorId: string, strays: readonly StrayPayment[]): Promise<StrayPayment[]> {
    return tx.query<StrayPayment & Record<string, unknown>>(
      `INSERT INTO stray_payment (connector_id, provider_reference, kind, payout_id, detail)
       SELECT $1, v.* FROM ${STRAYS.as('v', 2)}
       ON CONFLICT (connector_id, provider_reference, kind) DO NOTHING
       RETURNING provider_reference, kind, payout_id, detail`,
      [connectorId, ...STRAYS.of(strays)],
    );
  }

  /** Somebody has looked at it; who was first stays. @returns whether it was open, null where there is none. */
  async acknowledge(tx: Tx, id: string, reason: string): Promise<boolean | null> {
    const row = await tx.one<{ fresh: boolean | null }>(
      `WITH looked_at AS (
         UPDATE stray_payment SET acknowledged_at = tranche_now(), acknowledge_reason = $2
         WHERE id = $1 AND acknowledged_at IS NULL RETURNING id)
       SELECT l.id IS NOT NULL AS fresh FROM stray_payment s LEFT JOIN looked_at l USING (id) WHERE s.id = $1`,
      [id, reason],
    );
    return row?.fresh ?? null;
  }

  /** How many nobody has looked at yet. */
  async open(tx: Tx, connectorId: string): Promise<number> {
    const row = await tx.one<{ open: number }>(
      `SELECT count(*)::integer AS open FROM stray_payment WHERE connector_id = $1 AND acknowledged_at IS NULL`,
      [connectorId],
    );
    return row?.open ?? 0;
  }
}
