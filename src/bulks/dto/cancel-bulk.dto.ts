import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString } from 'class-validator';
import { BULK_ITEMS_MAX } from '../../platform/config/index.js';

export class CancelBulkDto {
  /** The payouts to cancel. Absent: all. */
  @ApiProperty({ type: [String], required: false, example: ['INV-1001'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(BULK_ITEMS_MAX)
  @IsString({ each: true })
  references?: string[] | null;
}
