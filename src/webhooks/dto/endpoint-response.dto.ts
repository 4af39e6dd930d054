import { ApiProperty } from '@nestjs/swagger';

/** One URL of a merchant, registered or named by a bulk. */
export class EndpointDto {
  /** @example endpoint_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example webhook_endpoint */
  object: 'webhook_endpoint';

  /** @example https://merchant.example/hooks */
  url: string;

  /**
   * Null: all.
   * @example null
   */
  event_types: string[] | null;

  /** @example bookkeeping */
  description: string | null;

  /** `paused`: tried again at `paused_until`. `disabled`: not before somebody enables it. */
  @ApiProperty({ enum: ['active', 'paused', 'disabled'] })
  status: 'active' | 'paused' | 'disabled';

  /**
   * Why it is not active: `failing`, `gone` (it answered 410) or `by_hand`.
   * @example null
   */
  reason: string | null;

  /**
   * Since when it has its status.
   * @example 2026-11-21T12:00:00.000Z
   */
  since: string;

  /**
   * Events that are kept until it is enabled.
   * @example 0
   */
  held: number;

  /** Made by this API: it gets the events of every bulk, signed with its own secret. */
  registered: boolean;

  /** Bulks name its URL: it gets their events, signed with the merchant's secret. */
  named_by_bulk: boolean;

  /**
   * Failed attempts since the last success.
   * @example 0
   */
  failure_streak: number;

  /** @example null */
  paused_until: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  last_success_at: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;

  /** @example 2026-11-21T12:00:00.000Z */
  updated_at: string;
}

/** The answer to the creation. */
export class CreatedEndpointDto extends EndpointDto {
  /**
   * Signs what is sent to it (Standard Webhooks). Shown here only.
   * @example whsec_EXAMPLE
   */
  secret: string;
}

/** The answer to a rotation. */
export class RotatedEndpointSecretDto {
  /**
   * Signs from now on. Shown here only.
   * @example whsec_EXAMPLE
   */
  secret: string;
}

/** Newest first. */
export class EndpointListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [EndpointDto] })
  data: readonly EndpointDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}
