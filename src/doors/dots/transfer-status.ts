import type { BulkStatus, IssueCode, PayoutStatus } from '../../bulks/index.js';
import type { IntentStatus } from '../../payouts/index.js';

/** Dots' words for how far a batch is, and one payout of it. */
export const BATCH_STATUSES = ['created', 'processing', 'paying_out', 'completed'] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];
export const TRANSFER_STATUSES = ['created', 'pending', 'failed', 'completed', 'reversed', 'canceled', 'flagged'] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/** Completed is a batch whose transfers are all issued; that takes days until the last of them is, at Dots too. */
export const BATCH_STATUS: Readonly<Record<BulkStatus, BatchStatus>> = {
  VALIDATION_PENDING: 'created',
  VALIDATION_IN_PROGRESS: 'processing',
  // A bulk of the native contract that waits to be edited.
  VALIDATION_FAILED: 'processing',
  SCHEDULED: 'processing',
  PROCESSING_IN_PROGRESS: 'paying_out',
  PROCESSED: 'completed',
  INTENT_CREATION_FAILED: 'completed',
  CANCELLED: 'completed',
};

const OF_INTENT: Readonly<Record<IntentStatus, TransferStatus | null>> = {
  created: 'created',
  unknown: 'pending',
  // A person decides.
  needs_review: 'flagged',
  pending: 'pending',
  unclaimed: 'pending',
  succeeded: 'completed',
  failed: 'failed',
  // Never taken: there is an error and no transfer.
  rejected: null,
  returned: 'reversed',
};

const OF_PAYOUT: Readonly<Record<PayoutStatus, TransferStatus | null | 'of_intent'>> = {
  VALIDATION_PENDING: null,
  VALIDATION_IN_PROGRESS: null,
  VALIDATION_FAILED: null,
  SCHEDULED: 'created',
  CANCELLED: 'canceled',
  INTENT_CREATION_FAILED: null,
  PROCESSING_IN_PROGRESS: 'of_intent',
  PROCESSED: 'of_intent',
};

/** Where one payout stands. */
export interface Standing {
  readonly status: PayoutStatus;
  /** Null where there is none yet. */
  readonly intent_status: IntentStatus | null;
  /** Validation found something: if it is cancelled, then because of that. */
  readonly invalid: boolean;
}

/** Null where there is no transfer: not yet, or never. */
export function transferStatus({ status, intent_status, invalid }: Standing): TransferStatus | null {
  if (status === 'CANCELLED' && invalid) return null;
  const found = OF_PAYOUT[status];
  if (found !== 'of_intent') return found;
  return intent_status === null ? 'created' : OF_INTENT[intent_status];
}

/** Dots' codes for why an item failed. */
export const ERROR_CODES = [
  'invalid-input',
  'invalid-transaction',
  'transaction-insufficient-funds',
  'user-info-missing',
  'invalid-email',
  'invalid-phone-number',
  'service-unavailable',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Whatever validation finds that is not here is `invalid-input`. */
const OF_ISSUE: Readonly<Partial<Record<IssueCode, ErrorCode>>> = {
  missing_field: 'user-info-missing',
  invalid_email: 'invalid-email',
  invalid_phone_number: 'invalid-phone-number',
  duplicate_reference: 'invalid-transaction',
  amount_over_limit: 'invalid-transaction',
  bulk_amount_over_limit: 'invalid-transaction',
  daily_amount_over_limit: 'invalid-transaction',
  no_route: 'invalid-transaction',
};

export const codeOfIssue = (code: IssueCode): ErrorCode => OF_ISSUE[code] ?? 'invalid-input';

/** Providers have words of their own; of these the money that is missing is the sender's to mend. */
export const codeOfFailure = (code: string): ErrorCode =>
  /insufficient_(funds|balance)/i.test(code) ? 'transaction-insufficient-funds' : 'invalid-transaction';
