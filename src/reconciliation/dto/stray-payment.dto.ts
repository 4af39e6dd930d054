import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { STRAY_KINDS, type StrayKind } from '../../connectors/index.js';
import { PageQuery } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';

export class StrayPaymentQuery extends PageQuery {
  /** Found in the books of this connector. */
  @IsOptional()
  @IsString()
  connector_id?: string;

  /** `false`: those that nobody has looked at yet; absent: all. */
  @ApiProperty({ enum: ['true', 'false'], required: false })
  @IsOptional()
  @IsIn(['true', 'false'])
  acknowledged?: 'true' | 'false';
}

export class AcknowledgeStrayPaymentDto {
  /**
   * What became of it; kept, and shown to operators. 1 to 500 characters.
   * @example "The provider has recalled it; its confirmation is of 23 November."
   */
  @IsText({ min: 1, max: 500, plain: true })
  reason: string;
}

/** A payment in the provider's books that contradicts ours. Kept for good. */
export class StrayPaymentDto {
  /** @example stray_01kb4n3w2ze3rbz4jrd9qk6v1s */
  id: string;
  @ApiProperty({ enum: ['stray_payment'] })
  object: 'stray_payment';
  /** @example connector_01kb4n3w2ze3rbz4jrd9qk6v1z */
  connector: string;
  /**
   * The provider's own id of the payment: what to ask it for.
   * @example pay_7Q2M
   */
  provider_reference: string;
  /**
   * `unknown`: under no key of ours. `not_ours_to_pay`: its payout is cancelled, invalid or failed. `superseded`: an attempt that
   * had been refused is paid, and another was opened. `other_amount`: another amount or currency under our key. `contradiction`:
   * it says the opposite of what was told before, or is a second payment of one payout.
   */
  @ApiProperty({ enum: STRAY_KINDS })
  kind: StrayKind;
  /**
   * What was found; for people.
   * @example "it is succeeded, and no attempt or payout of ours has its key"
   */
  detail: string;
  /** Of its payout; null where it is nobody's that we know. */
  @ApiProperty({ type: String, nullable: true, example: 'merchant_01kb4n3w2ze3rbz4jrd9qk6v1m' })
  merchant_id: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'payout_01kb4n3w2ze3rbz4jrd9qk6v1p' })
  payout_id: string | null;
  /** The merchant's own name of the payout. */
  @ApiProperty({ type: String, nullable: true, example: 'INV-1001' })
  reference: string | null;
  @ApiProperty({ format: 'date-time' })
  found_at: string;
  /** Null while nobody has looked at it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  acknowledged_at: string | null;
  /** The reason that was given then, here or at the resume of its connector. */
  @ApiProperty({ type: String, nullable: true })
  acknowledge_reason: string | null;
}

export class StrayPaymentListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';
  @ApiProperty({ type: [StrayPaymentDto] })
  data: readonly StrayPaymentDto[];
  has_more: boolean;
}
