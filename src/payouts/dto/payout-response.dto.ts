import { ApiProperty } from '@nestjs/swagger';
import { BillingDataDto, ISSUE_CODES, PAYOUT_STATUSES, PayoutMethodDto } from '../../bulks/index.js';
import { statesOf } from '../../platform/lifecycle/index.js';
import { payoutIntentLifecycle } from '../payout-intent.lifecycle.js';

export class IssueDto {
  @ApiProperty({ enum: ISSUE_CODES })
  code: string;
  /**
   * JSON Pointer inside the item.
   * @example /payout_method/iban
   */
  pointer: string;
  /** How to mend it. */
  detail: string;
  /** With `duplicate_reference`: the payout that holds the reference. */
  existing_id?: string;
}

export class FailureDto {
  /** @example account_closed */
  code: string;
  /** In the provider's words. */
  message: string;
  /** Whether a retry may succeed. */
  retryable: boolean;
}

/** What the provider has done, as far as it is known for certain. */
export class IntentDto {
  id: string;
  @ApiProperty({ enum: statesOf(payoutIntentLifecycle) })
  status: string;
  /** The connector it went through. */
  connector: string;
  @ApiProperty({ type: String, nullable: true })
  provider_reference: string | null;
  @ApiProperty({ type: FailureDto, nullable: true })
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
  bulk_id: string;
  /** From 0, in the order in which the items were sent. */
  position: number;
  /** @example INV-1001 */
  reference: string;
  /** With all decimals of its currency; as it was sent where it can not be read. */
  @ApiProperty({ type: String, nullable: true, example: '120.50' })
  amount: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'EUR' })
  currency: string | null;
  /** The item's own, as it was sent. */
  @ApiProperty({ type: String, nullable: true })
  scheduled_date: string | null;
  @ApiProperty({ type: String, nullable: true })
  timezone: string | null;
  /** The instant it runs at; null until it was judged. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  scheduled_at: string | null;
  @ApiProperty({ enum: PAYOUT_STATUSES })
  status: string;
  /** No further change comes by itself, except `returned`. */
  final: boolean;
  /** Raised by edit, cancel and retry; also the ETag. */
  version: number;
  @ApiProperty({ type: [IssueDto] })
  issues: IssueDto[];
  /** Account numbers masked to the last four. */
  @ApiProperty({ type: PayoutMethodDto, nullable: true })
  payout_method: object | null;
  @ApiProperty({ type: BillingDataDto, nullable: true })
  billing_data: object | null;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, nullable: true })
  metadata: Readonly<Record<string, string>> | null;
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

/** One attempt: one number, one idempotency key, for ever; evidence for finance. */
export class AttemptDto {
  id: string;
  number: number;
  /** Under which the provider saw every send of this attempt. */
  idempotency_key: string;
  connector: string;
  @ApiProperty({ format: 'date-time' })
  started_at: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  ended_at: string | null;
  /** How often the provider may have seen the key; counted before each send. */
  sends: number;
  @ApiProperty({ enum: ['accepted', 'rejected', 'not_taken', 'unknown'], nullable: true })
  outcome: string | null;
  @ApiProperty({ type: Number, nullable: true })
  http_status: number | null;
  @ApiProperty({ type: String, nullable: true })
  provider_reference: string | null;
  @ApiProperty({ type: String, nullable: true })
  detail: string | null;
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
  @ApiProperty({ enum: EXPLANATION_CAUSES })
  cause: (typeof EXPLANATION_CAUSES)[number];
  /** For people. */
  detail: string;
  /** When the next step is expected, where that is known. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expected_at: string | null;
  /** Since when it has been so. */
  @ApiProperty({ format: 'date-time' })
  since: string;
}
