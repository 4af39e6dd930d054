import type { Failure } from '../connectors/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { IntentDto } from './dto/payout-response.dto.js';
import type { IntentStatus } from './payout-intent.lifecycle.js';

/** What the API and the events show of an intent. */
export interface IntentFacts {
  readonly id: string;
  readonly connector_id: string;
  readonly status: IntentStatus;
  readonly provider_reference: string | null;
  readonly failure: Failure | null;
  readonly next_check_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** While a call is out, `next_check_at` is the end of its lease and says nothing to a merchant. */
const SHOWS_NEXT_CHECK: readonly IntentStatus[] = ['unknown', 'pending', 'unclaimed'];

export function toIntentResponse(intent: IntentFacts): IntentDto {
  return {
    id: toTypeId('intent', intent.id),
    status: intent.status,
    connector: toTypeId('connector', intent.connector_id),
    provider_reference: intent.provider_reference,
    failure: intent.failure,
    next_check_at:
      intent.next_check_at !== null && SHOWS_NEXT_CHECK.includes(intent.status) ? formatInstant(intent.next_check_at) : null,
    created_at: formatInstant(intent.created_at),
    updated_at: formatInstant(intent.updated_at),
  };
}
