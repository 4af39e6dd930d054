import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { newUuid } from '../platform/ids/index.js';

export interface NewBulk {
  readonly merchantId: string;
  readonly reference: string | null;
  readonly label: string | null;
  readonly webhookUrl: string | null;
  readonly endpointId: string | null;
  readonly invalidItems: 'hold' | 'reject' | 'drop';
  readonly scheduledDate: string | null;
  readonly timezone: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly itemCount: number;
}

/** The bulk's own row: what its merchant wrote, its version and its pause. Locked after its payouts, before its progress. */
export interface BulkRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly merchant_id: string;
  readonly reference: string | null;
  readonly label: string | null;
  readonly webhook_url: string | null;
  readonly webhook_endpoint_id: string | null;
  readonly invalid_items: 'hold' | 'reject' | 'drop';
  readonly scheduled_date: string | null;
  readonly timezone: string | null;
  readonly metadata: Record<string, string>;
  readonly item_count: number;
  readonly version: number;
  readonly paused: boolean;
}

const COLUMNS = `id, merchant_id, reference, label, webhook_url, webhook_endpoint_id, invalid_items, scheduled_date, timezone, metadata,
  item_count, version, paused_at IS NOT NULL AS paused`;

@Injectable()
export class BulkRepository {
  /** @returns the new bulk's id, or null where the merchant has used the reference before. */
  async insert(tx: Tx, bulk: NewBulk): Promise<string | null> {
    const row = await tx.one<{ id: string }>(
      `WITH made AS (
         INSERT INTO bulk (id, merchant_id, reference, label, webhook_url, webhook_endpoint_id, invalid_items, scheduled_date, timezone,
           metadata, item_count)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT ON CONSTRAINT bulk_reference_unique DO NOTHING
         RETURNING id, merchant_id, item_count),
       progress AS (
         INSERT INTO bulk_progress (bulk_id, merchant_id, validation_pending, totals)
         SELECT id, merchant_id, item_count, '[]' FROM made)
       SELECT id FROM made`,
      [
        newUuid(),
        bulk.merchantId,
        bulk.reference,
        bulk.label,
        bulk.webhookUrl,
        bulk.endpointId,
        bulk.invalidItems,
        bulk.scheduledDate,
        bulk.timezone,
        JSON.stringify(bulk.metadata),
        bulk.itemCount,
      ],
    );
    return row?.id ?? null;
  }

  async idByReference(tx: Tx, merchantId: string, reference: string): Promise<string | null> {
    const row = await tx.one<{ id: string }>(`SELECT id FROM bulk WHERE merchant_id = $1 AND reference = $2`, [
      merchantId,
      reference,
    ]);
    return row?.id ?? null;
  }

  /** The merchant's bulk without a lock, or null where there is none of this id. */
  find(tx: Tx, merchantId: string, id: string): Promise<BulkRow | null> {
    return tx.one<BulkRow>(`SELECT ${COLUMNS} FROM bulk WHERE merchant_id = $1 AND id = $2`, [merchantId, id]);
  }

  async lock(tx: Tx, id: string): Promise<BulkRow> {
    const row = await tx.one<BulkRow>(`SELECT ${COLUMNS} FROM bulk WHERE id = $1 FOR UPDATE`, [id]);
    if (row === null) throw new Error('the bulk of a locked payout is gone');
    return row;
  }

  /** Raises the version; the caller holds the row's lock and has compared the version it was given. */
  async write(tx: Tx, bulk: Omit<BulkRow, 'version'>): Promise<void> {
    await tx.query(
      `UPDATE bulk SET label = $2, webhook_url = $3, webhook_endpoint_id = $4, scheduled_date = $5, timezone = $6, metadata = $7,
         paused_at = CASE WHEN $8 THEN coalesce(paused_at, tranche_now()) END, version = version + 1
       WHERE id = $1`,
      [
        bulk.id,
        bulk.label,
        bulk.webhook_url,
        bulk.webhook_endpoint_id,
        bulk.scheduled_date,
        bulk.timezone,
        JSON.stringify(bulk.metadata),
        bulk.paused,
      ],
    );
  }
}
