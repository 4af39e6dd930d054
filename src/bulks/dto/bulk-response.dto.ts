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
  /** @example 0 */
  succeeded: number;
  /** @example 0 */
  failed: number;
  /** @example 0 */
  pending: number;
  /** @example 0 */
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
  /** @example "November payroll" */
  @ApiProperty({ type: String, nullable: true })
  label: string | null;
  /** A function of its payouts. */
  @ApiProperty({ enum: PAYOUT_STATUSES })
  status: BulkStatus;
  /**
   * Raised by edit, cancel, pause, resume and retry; also the ETag.
   * @example 1
   */
  version: number;
  /** @example https://merchant.example/hooks */
  @ApiProperty({ type: String, nullable: true })
  webhook_url: string | null;
  @ApiProperty({ enum: ['hold', 'reject', 'drop'] })
  invalid_items: string;
  /** While true, no payout of it is claimed. */
  paused: boolean;
  /**
   * As it was sent; counts for every payout that names none.
   * @example 2026-12-01T09:00:00+01:00
   */
  @ApiProperty({ type: String, nullable: true })
  scheduled_date: string | null;
  /** @example Europe/Berlin */
  @ApiProperty({ type: String, nullable: true })
  timezone: string | null;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { department: 'payroll' } })
  metadata: Record<string, string>;
  /** @example 1 */
  item_count: number;
  /** Payouts per status; statuses without any are left out. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { SCHEDULED: 1 } })
  counts: Record<string, number>;
  /** Per currency, over every payout that is not cancelled and whose amount can be read. */
  @ApiProperty({ type: [TotalDto] })
  totals: TotalDto[];
  outcome: OutcomeDto;
  /** The earliest instant of its payouts; null until one was judged. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-12-01T08:00:00.000Z' })
  first_scheduled_at: string | null;
  /** The latest one. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-12-01T08:00:00.000Z' })
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
  /** @example payout_01kb4n3w2ze3rbz4jrd9qk6v1x */
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
  /** There are more in the direction of the page. */
  has_more: boolean;
}
