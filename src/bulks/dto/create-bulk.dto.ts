import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsObject, IsOptional, Min, ValidateNested } from 'class-validator';
import { IsMetadata, Verbatim } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';
import { ItemDto } from './item.dto.js';

/** What the sender counted by himself; compared by value before anything is stored. */
export class ControlTotalsDto {
  /**
   * How many items the bulk has.
   * @example 1
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  count?: number | null;

  /** The sum per currency, as decimal strings. Amounts that can not be read are left out. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: { EUR: '120.50' },
  })
  @IsOptional()
  @IsObject()
  @Verbatim()
  amounts?: Record<string, string> | null;
}

/** What an edit may change of a bulk, and a creation may give it. */
export class BulkHeadDto {
  /**
   * A name for people; up to 200 characters.
   * @example "November payroll"
   */
  @IsOptional()
  @IsText({ max: 200 })
  label?: string | null;

  /**
   * Where every event of this bulk is sent, signed. https, unless the operator allows more.
   * @example https://merchant.example/hooks
   */
  @IsOptional()
  @IsText({ min: 1, max: 2048, plain: true })
  webhook_url?: string | null;

  /**
   * For every item that names none: an RFC 3339 instant with offset, or a local date or date-time read in `timezone`. A bare date means 09:00.
   * @example 2026-12-01T09:00:00+01:00
   */
  @IsOptional()
  @IsText({ min: 1, max: 64, plain: true })
  scheduled_date?: string | null;

  /**
   * IANA time zone for every item that names none.
   * @example Europe/Berlin
   */
  @IsOptional()
  @IsText({ min: 1, max: 64, plain: true })
  timezone?: string | null;

  @IsOptional()
  // Beside ValidateNested, which takes a list of objects too and would leave the totals in it uncompared.
  @IsObject()
  @ValidateNested()
  @Type(() => ControlTotalsDto)
  control_totals?: ControlTotalsDto | null;
}

export class CreateBulkDto extends BulkHeadDto {
  /**
   * Yours; unique per merchant for ever.
   * @example payroll-2026-11
   */
  @IsOptional()
  @IsText({ min: 1, max: 100, plain: true })
  reference?: string | null;

  /** What invalid items do: `hold` (valid ones go on), `reject` (nothing is claimed while one is invalid), `drop` (they are cancelled). */
  @ApiProperty({ enum: ['hold', 'reject', 'drop'], default: 'hold', required: false })
  @IsOptional()
  @IsIn(['hold', 'reject', 'drop'])
  invalid_items?: 'hold' | 'reject' | 'drop' | null;

  /** At most 50 strings of 500 characters, under keys of 40. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, example: { department: 'payroll' } })
  @IsOptional()
  @Verbatim()
  @IsMetadata()
  metadata?: Record<string, string> | null;

  /** 1 to MAX_BULK_ITEMS payouts. Each is judged by itself, after the answer: one bad item never refuses the bulk. */
  @ApiProperty({ type: [ItemDto] })
  @Verbatim()
  @IsArray()
  items: unknown[];
}
