import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import { type StoredTotal, toCounts, toTotals } from './bulk-event.js';
import { countsOf } from './bulk-progress.js';
import { type BulkStatus, PAYOUT_STATUSES } from './bulk-status.js';
import type { Cancellation } from './cancel-payouts.js';
import type { BulkDto, CancelBulkResponseDto } from './dto/bulk-response.dto.js';

export interface BulkView {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly reference: string | null;
  readonly label: string | null;
  readonly webhook_url: string | null;
  readonly invalid_items: string;
  readonly paused: boolean;
  readonly scheduled_date: string | null;
  readonly timezone: string | null;
  readonly metadata: Record<string, string>;
  readonly item_count: number;
  readonly version: number;
  readonly status: BulkStatus;
  readonly totals: StoredTotal[];
  readonly first_scheduled_at: Date | null;
  readonly last_scheduled_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const VIEW = `
  SELECT b.id, b.reference, b.label, b.webhook_url, b.invalid_items, b.paused_at IS NOT NULL AS paused, b.scheduled_date, b.timezone,
    b.metadata, b.item_count, b.version, b.created_at, g.status, g.totals, g.first_scheduled_at, g.last_scheduled_at, g.updated_at,
    g.outcome_succeeded, g.outcome_failed, g.outcome_pending, g.outcome_returned,
    ${PAYOUT_STATUSES.map((status) => `g.${status.toLowerCase()}`).join(', ')}
  FROM bulk b JOIN bulk_progress g ON g.bulk_id = b.id
  WHERE b.merchant_id = $1`;

export interface BulkFilter {
  readonly merchantId: string;
  readonly status: string | null;
  readonly reference: string | null;
  readonly createdAfter: Date | null;
  readonly createdBefore: Date | null;
}

/** Instants are answered in milliseconds, so they are compared in milliseconds: nothing comes after itself. */
const newestFirst = new KeysetList<BulkView>({
  kind: 'bulk',
  key: 'b.id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM bulk WHERE id = $1 AND merchant_id = $2`,
  values: 5,
  select: (condition) => `${VIEW}
    AND ($2::text IS NULL OR g.status = $2) AND ($3::text IS NULL OR b.reference = $3)
    AND ($4::timestamptz IS NULL OR date_trunc('milliseconds', b.created_at) > $4)
    AND ($5::timestamptz IS NULL OR date_trunc('milliseconds', b.created_at) < $5)
    AND ${condition}`,
});

/** Reads for screens: a bulk as its merchant sees it. */
@Injectable()
export class BulkQueries {
  find(tx: Tx, merchantId: string, bulkId: string): Promise<BulkView | null> {
    return tx.one<BulkView>(`${VIEW} AND b.id = $2`, [merchantId, bulkId]);
  }

  list(tx: Tx, filter: BulkFilter, page: PageQuery): Promise<KeysetPage<BulkView>> {
    return newestFirst.read(tx, page, {
      values: [filter.merchantId, filter.status, filter.reference, filter.createdAfter, filter.createdBefore],
      cursorValues: [filter.merchantId],
    });
  }
}

export function toBulkResponse(bulk: BulkView): BulkDto {
  return {
    id: toTypeId('bulk', bulk.id),
    object: 'bulk',
    reference: bulk.reference,
    label: bulk.label,
    status: bulk.status,
    version: bulk.version,
    webhook_url: bulk.webhook_url,
    invalid_items: bulk.invalid_items,
    paused: bulk.paused,
    scheduled_date: bulk.scheduled_date,
    timezone: bulk.timezone,
    metadata: bulk.metadata,
    item_count: bulk.item_count,
    counts: toCounts(countsOf(bulk)),
    totals: toTotals(bulk.totals),
    outcome: {
      succeeded: Number(bulk['outcome_succeeded']),
      failed: Number(bulk['outcome_failed']),
      pending: Number(bulk['outcome_pending']),
      returned: Number(bulk['outcome_returned']),
    },
    first_scheduled_at: bulk.first_scheduled_at === null ? null : formatInstant(bulk.first_scheduled_at),
    last_scheduled_at: bulk.last_scheduled_at === null ? null : formatInstant(bulk.last_scheduled_at),
    created_at: formatInstant(bulk.created_at),
    updated_at: formatInstant(bulk.updated_at),
  };
}

/** An honest answer per payout, and the bulk as it is after. */
export const toCancelResponse = (bulk: BulkView, results: readonly Cancellation[]): CancelBulkResponseDto => ({
  bulk: toBulkResponse(bulk),
  results: results.map(({ reference, payoutId, outcome, status }) => ({
    reference,
    payout_id: toTypeId('payout', payoutId),
    outcome,
    status,
  })),
});
