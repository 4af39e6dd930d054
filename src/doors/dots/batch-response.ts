import type { BulkView } from '../../bulks/index.js';
import type { PayoutView } from '../../payouts/index.js';
import { formatInstant } from '../../platform/time/index.js';
import type { BulkOrigin, Sent } from '../origin.repository.js';
import type { BatchDto, ResultDto } from './batch.dto.js';
import type { Metadata } from './request-reader.js';
import { BATCH_STATUS, codeOfFailure, codeOfIssue, type ErrorCode, transferStatus } from './transfer-status.js';

/** @param origin undefined where the bulk came in by another way. */
export const toBatch = (bulk: BulkView, origin: BulkOrigin | undefined): Pick<BatchDto, keyof BatchDto> => ({
  id: bulk.id,
  created: formatInstant(bulk.created_at),
  idempotency_key: origin?.batchKey ?? null,
  status: BATCH_STATUS[bulk.status],
  metadata: metadataOf(origin?.sent),
});

export function toResult(payout: PayoutView, sent: Sent | undefined, includesRequest: boolean): ResultDto {
  const { status, intent_status } = payout;
  const transfer = transferStatus({ status, intent_status, invalid: payout.issues !== null && payout.issues.length > 0 });
  const userId = sent?.['user_id'];
  return {
    user_id: typeof userId === 'string' ? userId : null,
    idempotency_key: payout.reference,
    metadata: metadataOf(sent),
    transfer: transfer === null ? null : { id: payout.id, status: transfer },
    ...errorOf(payout),
    ...(includesRequest && sent !== undefined ? { request: sent } : {}),
  };
}

const metadataOf = (sent: Sent | undefined): Metadata => (sent?.['metadata'] ?? null) as Metadata;

/** What validation found, or what the provider says; of several findings each is told, and the first gives the code. */
function errorOf({ issues, failure }: PayoutView): { error_code: ErrorCode | null; error_message: string | null } {
  const [issue] = issues ?? [];
  if (failure !== null) return { error_code: codeOfFailure(failure.code), error_message: `${failure.code}: ${failure.message}` };
  if (issue === undefined) return { error_code: null, error_message: null };
  return {
    error_code: codeOfIssue(issue.code),
    error_message: (issues ?? []).map(({ code, pointer, detail }) => `${pointer.slice(1)} (${code}): ${detail}`).join(' '),
  };
}
