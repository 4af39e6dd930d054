import { ApiProperty } from '@nestjs/swagger';
import { statesOf } from '../../platform/lifecycle/index.js';
import { STATUSES_AT_REST } from '../deliveries/delivery-status.js';
import { resendLifecycle } from './resend.lifecycle.js';

/** A resend: many deliveries that are sent again. Its filters are as they were asked for; null: any. */
export class ResendDto {
  /** @example resend_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example webhook_resend */
  object: 'webhook_resend';

  @ApiProperty({ enum: statesOf(resendLifecycle) })
  status: string;

  /** @example endpoint_01jd3q8yv6f5w9x2k4m7n0p1rs */
  endpoint_id: string | null;

  /** @example bulk_01jd3q8yv6f5w9x2k4m7n0p1rs */
  bulk_id: string | null;

  /** @example payout.processed */
  event_type: string | null;

  @ApiProperty({ enum: STATUSES_AT_REST, nullable: true })
  delivery_status: string | null;

  /** @example null */
  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  created_after: string | null;

  /** @example null */
  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  created_before: string | null;

  /**
   * Deliveries that it has found; all of them, once it is `sending`.
   * @example 4200
   */
  matched: number;

  /**
   * How many of those it has put back into the queue of their endpoints. In the end less than `matched` by those that
   * somebody else sent again in the meantime, and those of endpoints that were disabled or deleted.
   * @example 1200
   */
  released: number;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;

  /**
   * When it was finished or cancelled.
   * @example null
   */
  finished_at: string | null;
}

export class ResendWithCountsDto extends ResendDto {
  /** What it released, by what has become of it so far. What a later resend sent again is counted there. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { delivered: 1180, waiting: 12, in_flight: 8 },
  })
  counts: Record<string, number>;
}

/** Newest first. */
export class ResendListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [ResendDto] })
  data: readonly ResendDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}
