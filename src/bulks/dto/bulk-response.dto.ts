import { ApiProperty } from '@nestjs/swagger';
import { type BulkStatus, PAYOUT_STATUSES } from '../bulk-status.js';

export class TotalDto {
  /** @example EUR */
  currency: string;
  /** @example 120.50 */
  amount: string;
  /** @example 1 */
  count: number;
}

/** Intents by what became of them; created, pending, unknown, unclaimed and needs_review count as pending, rejected as failed. */
export class OutcomeDto {
  succeeded: number;
  failed: number;
  pending: number;
  returned: number;
}

export class BulkDto {
  /** @example bulk_01kb4n3w2ze3rbz4jrd9qk6v1x */
  id: string;
  @ApiProperty({ enum: ['bulk'] })
  object: 'bulk';
  /** @example payroll-2026-11 */
  @ApiProperty({ type: String, nullable: true })
  reference: string | null;
  @ApiProperty({ type: String, nullable: true })
  label: string | null;
  /** A function of its payouts. */
  @ApiProperty({ enum: PAYOUT_STATUSES })
  status: BulkStatus;
  /** Raised by edit, cancel, pause, resume and retry; also the ETag. */
  version: number;
  @ApiProperty({ type: String, nullable: true })
  webhook_url: string | null;
  @ApiProperty({ enum: ['hold', 'reject', 'drop'] })
  invalid_items: string;
  paused: boolean;
  @ApiProperty({ type: String, nullable: true })
  scheduled_date: string | null;
  @ApiProperty({ type: String, nullable: true })
  timezone: string | null;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  metadata: Record<string, string>;
  item_count: number;
  /** Payouts per status; statuses without any are left out. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { SCHEDULED: 1 } })
  counts: Record<string, number>;
  /** Per currency, over every payout that is not cancelled and whose amount can be read. */
  @ApiProperty({ type: [TotalDto] })
  totals: TotalDto[];
  outcome: OutcomeDto;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  first_scheduled_at: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_scheduled_at: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

/** What became of one payout of a cancellation. */
export class CancellationDto {
  /** @example INV-1001 */
  reference: string;
  payout_id: string;
  /** `too_late`: it was claimed before; it goes on. */
  @ApiProperty({ enum: ['cancelled', 'already_cancelled', 'too_late'] })
  outcome: string;
  @ApiProperty({ enum: PAYOUT_STATUSES })
  status: string;
}

export class CancelBulkResponseDto {
  bulk: BulkDto;
  @ApiProperty({ type: [CancellationDto] })
  results: CancellationDto[];
}

export class BulkListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';
  @ApiProperty({ type: [BulkDto] })
  data: BulkDto[];
  has_more: boolean;
}
