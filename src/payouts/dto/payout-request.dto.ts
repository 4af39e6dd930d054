import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { ItemDto, PAYOUT_STATUSES } from '../../bulks/index.js';
import { PageQuery } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';
import { RESOLUTIONS, type Resolution } from '../resolve-intent.js';

export class PayoutQuery extends PageQuery {
  /** Payouts of this status. */
  @ApiProperty({ enum: PAYOUT_STATUSES, required: false })
  @IsOptional()
  @IsIn(PAYOUT_STATUSES)
  status?: string;

  /** Payouts of this reference. */
  @IsOptional()
  @IsString()
  reference?: string;
}

/** The members of the item that change (RFC 7396); `{}` validates it again. */
export class EditPayoutDto extends PartialType(OmitType(ItemDto, ['reference'])) {}

export class ResolveIntentDto {
  /** What became of it, as the provider told a person. */
  @ApiProperty({ enum: Object.keys(RESOLUTIONS) })
  @IsIn(Object.keys(RESOLUTIONS))
  status: Resolution;

  /**
   * Who found out, and how; kept with the attempt.
   * @example "Confirmed by phone with the provider, case 4711"
   */
  @IsText({ min: 1, max: 500, plain: true })
  reason: string;
}
