import { ApiProperty } from '@nestjs/swagger';
import { DELIVERY_STATUSES } from './delivery-status.js';

/** One event on its way to one endpoint. */
export class DeliveryDto {
  /** @example delivery_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example webhook_delivery */
  object: 'webhook_delivery';

  /** @example endpoint_01jd3q8yv6f5w9x2k4m7n0p1rs */
  endpoint_id: string;

  /** @example https://merchant.example/hooks */
  url: string;

  /**
   * The `webhook-id` of every attempt.
   * @example event_01jd3q8yv6f5w9x2k4m7n0p1rs
   */
  event_id: string;

  /** @example payout.scheduled */
  event_type: string;

  /** @example 3 */
  sequence: number;

  /** @example bulk_01jd3q8yv6f5w9x2k4m7n0p1rs */
  bulk_id: string | null;

  /** @example payout_01jd3q8yv6f5w9x2k4m7n0p1rs */
  payout_id: string | null;

  /** `waiting` and `held` are the same to it, but that a disabled endpoint holds what waits until it is enabled. */
  @ApiProperty({ enum: DELIVERY_STATUSES })
  status: string;

  /** @example 1 */
  attempt_count: number;

  /**
   * Not before an earlier event of the same payout is delivered, nor before the pause of the endpoint ends; null: nothing will be
   * attempted.
   * @example null
   */
  next_attempt_at: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  delivered_at: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;
}

/** One call of an endpoint. */
export class DeliveryAttemptDto {
  /** @example 1 */
  number: number;

  /** @example 2026-11-21T12:00:00.000Z */
  started_at: string;

  /** @example 87 */
  duration_ms: number;

  /**
   * Null: no answer came.
   * @example 204
   */
  http_status: number | null;

  /**
   * What it failed of: `http_status`, `redirect`, `gone`, `timeout`, `connection_refused`, `connection_timeout`,
   * `connection_reset`, `tls_failed`, `invalid_answer` or `not_reachable`; `unwritable`: nothing was sent, because the event can not be
   * written in the endpoint's format, which is a fault of ours; null: delivered.
   * @example null
   */
  error_class: string | null;

  /**
   * Where the receiver was.
   * @example 93.184.216.34
   */
  address: string | null;

  /**
   * The first KiB of the answer, where it was no success.
   * @example null
   */
  snippet: string | null;

  /** @example null */
  next_attempt_at: string | null;
}

export class DeliveryWithAttemptsDto extends DeliveryDto {
  /** Oldest first. */
  @ApiProperty({ type: [DeliveryAttemptDto] })
  attempts: readonly DeliveryAttemptDto[];
}

/** Newest first. */
export class DeliveryListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [DeliveryDto] })
  data: readonly DeliveryDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}
