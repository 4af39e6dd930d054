import { ApiProperty } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString } from 'class-validator';
import { PayoutMethodDto } from '../../bulks/index.js';

/** Who is to be forgotten, by one of the three. */
export class EraseReceiverDto {
  /** Where the money went; names in it are not looked at. */
  @ApiProperty({ type: PayoutMethodDto, nullable: true, required: false })
  @IsOptional()
  @IsObject()
  payout_method?: PayoutMethodDto | null;

  /**
   * A payout to the receiver.
   * @example payout_01kb4n3w2ze3rbz4jrd9qk6v1p
   */
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  payout_id?: string | null;

  /**
   * As an erasure before has answered it: to be erased once more after a backup was restored.
   * @example receiver_01kb4n3w2ze3rbz4jrd9qk6v1r
   */
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  receiver?: string | null;
}

export class ErasedReceiverDto {
  /** @example erased_receiver */
  object: 'erased_receiver';
  /**
   * Null: nothing is known of such a receiver, or he was erased before.
   * @example receiver_01kb4n3w2ze3rbz4jrd9qk6v1r
   */
  @ApiProperty({ type: String, nullable: true })
  receiver: string | null;
  /**
   * How many payouts were for him, and have no account and billing data any more.
   * @example 12
   */
  payouts: number;
}
