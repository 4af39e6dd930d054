import { ApiProperty } from '@nestjs/swagger';
import { IssueDto, TotalDto } from '../../bulks/index.js';

export class DryRunItemDto {
  /** @example INV-1001 */
  reference: string;
  valid: boolean;
  /** When it would run; null where that can not be told. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-12-01T08:00:00.000Z' })
  scheduled_at: string | null;
  @ApiProperty({ type: [IssueDto] })
  issues: IssueDto[];
}

/** What validation would find; nothing was stored. */
export class DryRunDto {
  /** Whether every item is valid. */
  valid: boolean;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { valid: 0, invalid: 1 } })
  counts: { valid: number; invalid: number };
  /** Per currency, over every item whose amount can be read. */
  @ApiProperty({ type: [TotalDto] })
  totals: TotalDto[];
  @ApiProperty({ type: [DryRunItemDto] })
  items: DryRunItemDto[];
}
