import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { UNCLEAR_STATUSES, type UnclearStatus } from '../payout-intent.lifecycle.js';
import { AttemptStepDto } from './payout-response.dto.js';

export class UnclearIntentQuery extends PageQuery {
  /** Intents of this status; absent: of both. */
  @ApiProperty({ enum: UNCLEAR_STATUSES, required: false })
  @IsOptional()
  @IsIn(UNCLEAR_STATUSES)
  status?: UnclearStatus;

  /** Intents of this connector. */
  @IsOptional()
  @IsString()
  connector_id?: string;
}

/** An intent of which nobody knows for certain what became of the money, without account data. */
export class UnclearIntentDto {
  /** @example intent_01kb4n3w2ze3rbz4jrd9qk6v1w */
  id: string;
  @ApiProperty({ enum: ['payout_intent'] })
  object: 'payout_intent';
  /** `unknown`: the provider is asked until it is clear. `needs_review`: a person decides, by `resolve`. */
  @ApiProperty({ enum: UNCLEAR_STATUSES })
  status: UnclearStatus;
  /** @example connector_01kb4n3w2ze3rbz4jrd9qk6v1z */
  connector: string;
  /** @example merchant_01kb4n3w2ze3rbz4jrd9qk6v1m */
  merchant_id: string;
  /** @example bulk_01kb4n3w2ze3rbz4jrd9qk6v1b */
  bulk_id: string;
  /** @example payout_01kb4n3w2ze3rbz4jrd9qk6v1p */
  payout_id: string;
  /** @example INV-1001 */
  reference: string;
  /** @example "120.50" */
  amount: string;
  /** @example EUR */
  currency: string;
  /**
   * Under which the provider saw every send of the attempt: what to ask it for.
   * @example 7d1c1a52-e0f1-4b0c-9f0a-4d1e6b2c8f35
   */
  idempotency_key: string;
  /** @example pay_7Q2M */
  @ApiProperty({ type: String, nullable: true })
  provider_reference: string | null;
  /** Why it stands as it does; for people. */
  @ApiProperty({ type: String, nullable: true, example: 'no answer (DEADLINE)' })
  detail: string | null;
  /** Since when it has had this status. */
  @ApiProperty({ format: 'date-time' })
  since: string;
  /** When the provider is asked next; null: a person is. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_check_at: string | null;
  /** The last ten steps of the attempt, oldest first. */
  @ApiProperty({ type: [AttemptStepDto] })
  steps: AttemptStepDto[];
}

export class UnclearIntentListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';
  @ApiProperty({ type: [UnclearIntentDto] })
  data: readonly UnclearIntentDto[];
  has_more: boolean;
}
