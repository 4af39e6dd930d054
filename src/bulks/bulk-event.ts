import { toTypeId } from '../platform/ids/index.js';
import { formatAmount } from '../platform/money/index.js';
import type { EventDraft } from '../webhooks/index.js';
import type { BulkStatus, StatusCounts } from './bulk-status.js';

/** A currency's share of a bulk, as stored. */
export interface StoredTotal {
  readonly currency: string;
  /** Integer minor units, as text. */
  readonly amount_minor: string;
  readonly count: number;
}

/** What an event shows of a bulk. */
export interface BulkFacts {
  readonly id: string;
  readonly merchant_id: string;
  readonly reference: string | null;
  readonly webhook_endpoint_id: string | null;
  readonly status: BulkStatus;
  readonly totals: readonly StoredTotal[];
  readonly last_sequence: number;
  readonly feed: string;
  readonly updated_at: Date;
}

export const toTotals = (totals: readonly StoredTotal[]): { currency: string; amount: string; count: number }[] =>
  totals.map(({ currency, amount_minor, count }) => ({ currency, amount: formatAmount(BigInt(amount_minor), currency), count }));

/** The counts as the API shows them: statuses in which there is at least one payout. */
export const toCounts = (counts: StatusCounts): Partial<StatusCounts> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

/** A milestone of a bulk as an event (api.md section 4). */
export function bulkEvent(
  bulk: BulkFacts,
  counts: StatusCounts,
  { type, sequence }: { type: string; sequence: number },
): EventDraft {
  return {
    merchantId: bulk.merchant_id,
    type,
    subjectId: bulk.id,
    sequence,
    feed: bulk.feed,
    bulkId: bulk.id,
    payoutId: null,
    bulkEndpointId: bulk.webhook_endpoint_id,
    at: bulk.updated_at,
    data: {
      bulk_id: toTypeId('bulk', bulk.id),
      bulk_reference: bulk.reference,
      status: bulk.status,
      counts: toCounts(counts),
      totals: toTotals(bulk.totals),
    },
  };
}
