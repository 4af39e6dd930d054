import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString } from 'class-validator';

/** More than any bulk may have. */
const REFERENCES_MAX = 15_000;

export class CancelBulkDto {
  /** The payouts to cancel. Absent: all. */
  @ApiProperty({ type: [String], required: false, example: ['INV-1001'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(REFERENCES_MAX)
  @IsString({ each: true })
  references?: string[] | null;
}
