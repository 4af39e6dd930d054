import type { PayoutStatus } from '../../bulks/index.js';
import type { IntentStatus } from '../../payouts/index.js';

/** PayPal's words for how far one item is. */
export const TRANSACTION_STATUSES = ['PENDING', 'ONHOLD', 'SUCCESS', 'FAILED', 'UNCLAIMED', 'RETURNED'] as const;
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];
export const BATCH_STATUSES = ['PENDING', 'PROCESSING', 'SUCCESS', 'DENIED'] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

const OF_INTENT: Readonly<Record<IntentStatus, TransactionStatus>> = {
  created: 'PENDING',
  unknown: 'PENDING',
  // A person decides; PayPal's own word for it.
  needs_review: 'ONHOLD',
  pending: 'PENDING',
  unclaimed: 'UNCLAIMED',
  succeeded: 'SUCCESS',
  failed: 'FAILED',
  rejected: 'FAILED',
  returned: 'RETURNED',
};

const OF_PAYOUT: Readonly<Record<PayoutStatus, TransactionStatus | null>> = {
  VALIDATION_PENDING: 'PENDING',
  VALIDATION_IN_PROGRESS: 'PENDING',
  SCHEDULED: 'PENDING',
  VALIDATION_FAILED: 'FAILED',
  // PayPal knows no item that was called back before it left; one whose money is with its sender it calls returned.
  CANCELLED: 'RETURNED',
  INTENT_CREATION_FAILED: 'FAILED',
  // Its intent says.
  PROCESSING_IN_PROGRESS: null,
  PROCESSED: null,
};

/** Where one payout, or several alike, stand. */
export interface Standing {
  readonly status: PayoutStatus;
  /** Null where there is none yet. */
  readonly intent_status: IntentStatus | null;
  /** Validation found something: if it is cancelled, then because of that. */
  readonly invalid: boolean;
}

export function transactionStatus({ status, intent_status, invalid }: Standing): TransactionStatus {
  if (status === 'CANCELLED' && invalid) return 'FAILED';
  return OF_PAYOUT[status] ?? (intent_status === null ? 'PENDING' : OF_INTENT[intent_status]);
}

const NOT_STARTED: readonly PayoutStatus[] = ['VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS', 'SCHEDULED'];

/** DENIED where every item failed, SUCCESS once none is on its way; what waits to be claimed is not on its way. */
export function batchStatus(standings: readonly Standing[]): BatchStatus {
  const statuses = standings.map(transactionStatus);
  if (statuses.every((status) => status === 'FAILED')) return 'DENIED';
  if (!statuses.some((status) => status === 'PENDING' || status === 'ONHOLD')) return 'SUCCESS';
  return standings.every(({ status }) => NOT_STARTED.includes(status)) ? 'PENDING' : 'PROCESSING';
}
