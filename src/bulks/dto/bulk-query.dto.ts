import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { IsInstant } from '../../platform/time/index.js';
import { PAYOUT_STATUSES } from '../bulk-status.js';

export class BulkQuery extends PageQuery {
  /** Bulks of this status. */
  @ApiProperty({ enum: PAYOUT_STATUSES, required: false })
  @IsOptional()
  @IsIn(PAYOUT_STATUSES)
  status?: string;

  /** The bulk of this reference. */
  @IsOptional()
  @IsString()
  reference?: string;

  /** RFC 3339: bulks made after this instant. */
  @IsOptional()
  @IsInstant()
  created_after?: string;

  /** RFC 3339: bulks made before this instant. */
  @IsOptional()
  @IsInstant()
  created_before?: string;
}
