import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsIn, IsOptional } from 'class-validator';
import { BULK_ITEMS_MAX } from '../../platform/config/index.js';
import { IsMetadataPatch, type MetadataPatch, Verbatim } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';
import { BulkHeadDto } from './create-bulk.dto.js';
import { ItemPatchDto } from './item.dto.js';

/** A member that is absent stays; null removes. The full shape of a creation is taken too: items that are left out stay. */
export class EditBulkDto extends BulkHeadDto {
  /** The bulk's own, or absent: it can not be changed. */
  @IsOptional()
  @IsText({ min: 1, max: 100, plain: true })
  reference?: string | null;

  /** The bulk's own, or absent: it can not be changed. */
  @ApiProperty({ enum: ['hold', 'reject', 'drop'], required: false })
  @IsOptional()
  @IsIn(['hold', 'reject', 'drop'])
  invalid_items?: 'hold' | 'reject' | 'drop' | null;

  /** The keys that change, merged into those there are (RFC 7396): null removes one, null for all of it removes all. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: ['string', 'null'] },
    nullable: true,
    example: { department: 'payroll', draft: null },
  })
  @IsOptional()
  @Verbatim()
  @IsMetadataPatch()
  metadata?: MetadataPatch | null;

  /**
   * The payouts that change, each by its `reference` with the members that change (RFC 7396). `payout_method` is replaced whole
   * when its `type` is given. An entry with only a `reference` is validated again.
   */
  @ApiProperty({ type: [ItemPatchDto], required: false })
  @IsOptional()
  @Verbatim()
  @IsArray()
  @ArrayMaxSize(BULK_ITEMS_MAX)
  items?: unknown[] | null;
}
