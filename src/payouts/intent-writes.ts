import type { Failure } from '../connectors/index.js';
import { Records } from '../platform/database/index.js';
import type { ATTEMPT_ACTIONS } from './dto/payout-response.dto.js';
import type { IntentStatus } from './payout-intent.lifecycle.js';

export interface NewIntent {
  readonly payout_id: string;
  readonly intent_id: string;
  readonly attempt_id: string;
  readonly merchant_id: string;
  readonly connector_id: string;
  readonly number: number;
  readonly idempotency_key: string;
}

export const NEW_INTENTS = new Records({
  payout_id: 'uuid',
  intent_id: 'uuid',
  attempt_id: 'uuid',
  merchant_id: 'uuid',
  connector_id: 'uuid',
  number: 'integer',
  idempotency_key: 'uuid',
});

export interface IntentWrite {
  readonly payout_id: string;
  readonly status: IntentStatus;
  readonly provider_reference: string | null;
  readonly failure: Failure | null;
  /** Milliseconds from now; null: never by itself. */
  readonly next_check_ms: number | null;
  readonly checks: number;
}

export const INTENTS = new Records({
  payout_id: 'uuid',
  status: 'text',
  provider_reference: 'text',
  failure: 'json',
  next_check_ms: 'double precision',
  checks: 'integer',
});

export interface AttemptWrite {
  readonly payout_id: string;
  readonly number: number;
  /** It was learnt by a send, which has ended now. */
  readonly sent: boolean;
  readonly live: boolean;
  readonly may_have_been_taken: boolean;
  readonly ever_unknown: boolean;
  readonly refused: Failure | null;
  readonly outcome: string;
  readonly http_status: number | null;
  readonly provider_reference: string | null;
  readonly detail: string | null;
}

export const ATTEMPTS = new Records({
  payout_id: 'uuid',
  number: 'integer',
  sent: 'boolean',
  live: 'boolean',
  may_have_been_taken: 'boolean',
  ever_unknown: 'boolean',
  refused: 'json',
  outcome: 'text',
  http_status: 'integer',
  provider_reference: 'text',
  detail: 'text',
});

/** What was done that taught us something about an attempt. */
export type StepAction = (typeof ATTEMPT_ACTIONS)[number];

export interface AttemptStepWrite {
  readonly merchant_id: string;
  readonly attempt_id: string;
  readonly action: StepAction;
  readonly outcome: string;
  readonly http_status: number | null;
  readonly detail: string | null;
}

export const STEPS = new Records({
  merchant_id: 'uuid',
  attempt_id: 'uuid',
  action: 'text',
  outcome: 'text',
  http_status: 'integer',
  detail: 'text',
});

/** What one group of findings writes. */
export interface Learnt {
  readonly intents: readonly IntentWrite[];
  readonly attempts: readonly AttemptWrite[];
  readonly steps: readonly AttemptStepWrite[];
}
