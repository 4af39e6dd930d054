import { ApiProperty } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString } from 'class-validator';
import { PayoutMethodDto } from '../../bulks/index.js';

/** Who is to be forgotten, by one of them. */
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
   * Of a user of the Dots door, or of whom a payout link was for; with the country's. What was paid to accounts of the user, and
   * by the links, goes too.
   * @example "+14154332334"
   */
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  phone_number?: string | null;

  /**
   * The same by the uuid that the user or the link has at the Dots door.
   * @example 019a9f10-0000-7000-8000-000000000001
   */
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  dots_id?: string | null;

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
   * The account that was named. Null: a phone was; or nothing was ordered for such an account, or it was erased before.
   * @example receiver_01kb4n3w2ze3rbz4jrd9qk6v1r
   */
  @ApiProperty({ type: String, nullable: true })
  receiver: string | null;
  /**
   * How many payouts were for him, and have no account and billing data any more.
   * @example 12
   */
  payouts: number;
  /**
   * How many payout links were for him, and say nothing of him any more.
   * @example 1
   */
  payout_links: number;
  /**
   * How many users of the Dots door he was, and is no more.
   * @example 1
   */
  users: number;
}
