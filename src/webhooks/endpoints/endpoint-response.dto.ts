import { ApiProperty } from '@nestjs/swagger';

/** What verifies the `v1a` signatures of an endpoint. */
export class PublicKeyDto {
  /**
   * `whpk_` and the base64 of 32 bytes (ed25519).
   * @example whpk_JpPRgAfzeQ0mGGrj+2mF1YfBYtSSeRJSRmIUVmSVuzs=
   */
  key: string;

  /**
   * The end of the grace of a replaced key; null: a current one.
   * @example null
   */
  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  expires_at: string | null;
}

/** One URL of a merchant, registered or named by a bulk. */
export class EndpointDto {
  /** @example endpoint_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example webhook_endpoint */
  object: 'webhook_endpoint';

  /** @example https://merchant.example/hooks */
  url: string;

  /**
   * In whose words it is told: `native` or `paypal`.
   * @example native
   */
  format: string;

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
   * Events that are kept until it is enabled; 10000 also stands for more, see `held_has_more`.
   * @example 0
   */
  held: number;

  /**
   * More are held than `held` says: they are not counted any further.
   * @example false
   */
  held_has_more: boolean;

  /**
   * Deliveries begun per second at most; null: as fast as it answers.
   * @example null
   */
  rate_per_second: number | null;

  /**
   * The headers of its own that every delivery carries. Their values are kept sealed and never shown.
   * @example ["Authorization"]
   */
  header_names: string[];

  /**
   * It is signed with ed25519 (`v1a`) beside `v1`.
   * @example false
   */
  asymmetric: boolean;

  /** What verifies `v1a`; also at `/.well-known/tranche-webhook-keys`. Empty where it is signed with `v1` alone. */
  @ApiProperty({ type: [PublicKeyDto], example: [] })
  public_keys: PublicKeyDto[];

  /** Made by this API: it gets the events of every bulk, signed with its own secret. */
  registered: boolean;

  /** Bulks name its URL: it gets their events, signed with the merchant's secret. */
  named_by_bulk: boolean;

  /**
   * Failed attempts since the last success.
   * @example 0
   */
  failure_streak: number;

  /**
   * When one delivery probes whether it answers again; null: it is not paused.
   * @example null
   */
  paused_until: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  last_success_at: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;

  /** @example 2026-11-21T12:00:00.000Z */
  updated_at: string;
}

/** How long events take to an endpoint: of the newest 1000 that were delivered in the last 24 hours and were not sent again by hand. */
export class EndpointLatencyDto {
  /**
   * How many that are.
   * @example 1000
   */
  deliveries: number;

  /**
   * Milliseconds from the event to its delivery, for half of them; null: there are none.
   * @example 62
   */
  p50_ms: number | null;

  /**
   * The same for 99 of 100.
   * @example 310
   */
  p99_ms: number | null;
}

export class EndpointWithHealthDto extends EndpointDto {
  /**
   * Since when the oldest event that is not delivered waits, held ones too; null: none does.
   * @example null
   */
  oldest_waiting_at: string | null;

  latency: EndpointLatencyDto;
}

/** The answer to the creation. */
export class CreatedEndpointDto extends EndpointWithHealthDto {
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

/** The public keys of an endpoint. */
export class WebhookKeysDto {
  @ApiProperty({ type: [PublicKeyDto] })
  keys: PublicKeyDto[];
}
