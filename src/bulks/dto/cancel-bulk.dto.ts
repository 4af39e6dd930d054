import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsString, ValidateIf } from 'class-validator';
import { BULK_ITEMS_MAX } from '../../platform/config/index.js';

export class CancelBulkDto {
  /** The payouts to cancel. Absent: all. A list that is null may have been forgotten, and what is cancelled stays so: it is refused. */
  @ApiProperty({ type: [String], required: false, example: ['INV-1001'] })
  @ValidateIf((_, references) => references !== undefined)
  @IsArray()
  @ArrayMaxSize(BULK_ITEMS_MAX)
  @IsString({ each: true })
  references?: string[];
}
