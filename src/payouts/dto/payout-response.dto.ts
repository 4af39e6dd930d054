import { ApiProperty } from '@nestjs/swagger';
import { BillingDataDto, IssueDto, PAYOUT_STATUSES } from '../../bulks/index.js';
import { statesOf } from '../../platform/lifecycle/index.js';
import { payoutIntentLifecycle } from '../payout-intent.lifecycle.js';

export class FailureDto {
  /** @example account_closed */
  code: string;
  /**
   * In the provider's words.
   * @example "The account is closed."
   */
  message: string;
  /** Whether a retry may succeed. */
  retryable: boolean;
}

/** What the provider has done, as far as it is known for certain. */
export class IntentDto {
  /** @example intent_01kb4n3w2ze3rbz4jrd9qk6v1y */
  id: string;
  @ApiProperty({ enum: statesOf(payoutIntentLifecycle), example: 'succeeded' })
  status: string;
  /**
   * The connector it went through.
   * @example connector_01kb4n3w2ze3rbz4jrd9qk6v1z
   */
  connector: string;
  /** @example pay_7Q2M */
  /** @example pay_7Q2M */
  @ApiProperty({ type: String, nullable: true })
  provider_reference: string | null;
  /** Why it was not paid; null where that is not so. */
  @ApiProperty({ type: FailureDto, nullable: true, example: null })
  failure: FailureDto | null;
  /** When the provider is asked next. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_check_at: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class PayoutDto {
  /** @example payout_01kb4n3w2ze3rbz4jrd9qk6v1x */
  id: string;
  @ApiProperty({ enum: ['payout'] })
  object: 'payout';
  /** @example bulk_01kb4n3w2ze3rbz4jrd9qk6v1x */
  bulk_id: string;
  /**
   * From 0, in the order in which the items were sent.
   * @example 0
   */
  position: number;
  /** @example INV-1001 */
  reference: string;
  /** With all decimals of its currency; as it was sent where it can not be read. */
  @ApiProperty({ type: String, nullable: true, example: '120.50' })
  amount: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'EUR' })
  currency: string | null;
  /**
   * The item's own, as it was sent.
   * @example 2026-12-01
   */
  @ApiProperty({ type: String, nullable: true })
  scheduled_date: string | null;
  /** @example Europe/Berlin */
  @ApiProperty({ type: String, nullable: true })
  timezone: string | null;
  /** The instant it runs at; null until it was judged. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-12-01T08:00:00.000Z' })
  scheduled_at: string | null;
  @ApiProperty({ enum: PAYOUT_STATUSES, example: 'PROCESSED' })
  status: string;
  /**
   * No further change comes by itself, except `returned`.
   * @example true
   */
  final: boolean;
  /**
   * Raised by edit, cancel and retry; also the ETag.
   * @example 1
   */
  version: number;
  /** What validation found; empty where it found nothing. */
  @ApiProperty({ type: [IssueDto], example: [] })
  issues: IssueDto[];
  /** As it was sent, as far as it can be kept; account numbers masked to the last four. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: { type: 'bank_account', account_holder: 'Ada Lovelace', iban: '••••3000' },
  })
  payout_method: object | null;
  @ApiProperty({ type: BillingDataDto, nullable: true })
  billing_data: object | null;
  /**
   * The receiver was forgotten: `payout_method` and `billing_data` are null, whatever they were, and it can not be tried again.
   * @example false
   */
  erased: boolean;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: { invoice: 'INV-1001' },
  })
  metadata: Readonly<Record<string, string>> | null;
  /** Null until it was claimed. */
  @ApiProperty({ type: IntentDto, nullable: true })
  intent: IntentDto | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class PayoutListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';
  @ApiProperty({ type: [PayoutDto] })
  data: PayoutDto[];
  has_more: boolean;
}

export const ATTEMPT_ACTIONS = ['send', 'look_up', 'notification', 'reconciliation', 'operator'] as const;

/** What was done about an attempt and what came of it; append-only. */
export class AttemptStepDto {
  @ApiProperty({ format: 'date-time' })
  at: string;
  /** `operator`: a person settled it, with the reason in `detail`. */
  @ApiProperty({ enum: ATTEMPT_ACTIONS })
  action: string;
  /** What it meant for the attempt. */
  @ApiProperty({ enum: ['accepted', 'rejected', 'not_taken', 'unknown'] })
  outcome: string;
  /** @example 200 */
  @ApiProperty({ type: 'integer', nullable: true })
  http_status: number | null;
  /** For people; no secrets and no account data. */
  @ApiProperty({ type: String, nullable: true, example: 'the provider says: succeeded' })
  detail: string | null;
}

/** One attempt: one number, one idempotency key, for ever; evidence for finance. */
export class AttemptDto {
  /** @example attempt_01kb4n3w2ze3rbz4jrd9qk6v1x */
  id: string;
  /** @example 1 */
  number: number;
  /**
   * Under which the provider saw every send of this attempt.
   * @example 7d1c1a52-e0f1-4b0c-9f0a-4d1e6b2c8f35
   */
  idempotency_key: string;
  /** @example connector_01kb4n3w2ze3rbz4jrd9qk6v1z */
  connector: string;
  @ApiProperty({ format: 'date-time' })
  started_at: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  ended_at: string | null;
  /**
   * How often the provider may have seen the key; counted before each send.
   * @example 1
   */
  sends: number;
  /** What the last answer meant; null while none came. */
  @ApiProperty({ enum: ['accepted', 'rejected', 'not_taken', 'unknown'], nullable: true })
  outcome: string | null;
  /** @example 200 */
  @ApiProperty({ type: 'integer', nullable: true })
  http_status: number | null;
  /** @example pay_7Q2M */
  @ApiProperty({ type: String, nullable: true })
  provider_reference: string | null;
  /** For people; no secrets and no account data. */
  @ApiProperty({ type: String, nullable: true })
  detail: string | null;
  /** Oldest first: each send, and each look, notification or decision of a person that taught us something. */
  @ApiProperty({ type: [AttemptStepDto] })
  steps: AttemptStepDto[];
}

export class AttemptListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';
  @ApiProperty({ type: [AttemptDto] })
  data: AttemptDto[];
  has_more: boolean;
}

export const EXPLANATION_CAUSES = [
  'not_validated',
  'invalid',
  'waits_for_date',
  'bulk_paused',
  'bulk_has_invalid',
  'merchant_paused',
  'connector_paused',
  'provider_busy',
  'being_sent',
  'outcome_unknown',
  'needs_review',
  'unclaimed',
  'at_rest',
] as const;

/** Why it is not paid yet. */
export class ExplanationDto {
  @ApiProperty({ enum: EXPLANATION_CAUSES, example: 'waits_for_date' })
  cause: (typeof EXPLANATION_CAUSES)[number];
  /**
   * For people.
   * @example "It runs at the instant that its date says."
   */
  detail: string;
  /** When the next step is expected, where that is known. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expected_at: string | null;
  /** Since when it has been so. */
  @ApiProperty({ format: 'date-time' })
  since: string;
}
