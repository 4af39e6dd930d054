import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { PageQuery, Verbatim } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';

/** More than there are types; a longer list is a mistake. */
const EVENT_TYPES_MAX = 100;
/** More than one lane can send; a higher figure limits nothing. */
const RATE_MAX = 10_000;

/** What can be said of an endpoint when it is made and later. */
class EndpointContentDto {
  /**
   * The types it gets, all of them in one list; null, and absent at first: all.
   * @example ["payout.processed", "bulk.completed"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(EVENT_TYPES_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  event_types?: string[] | null;

  /**
   * For people; up to 500 characters.
   * @example bookkeeping
   */
  @IsOptional()
  @IsText({ max: 500 })
  description?: string | null;

  /**
   * Begins at most so many deliveries a second, over all processes; null, and absent at first: as fast as it answers.
   * @example 20
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(RATE_MAX)
  rate_per_second?: number | null;

  /**
   * Sent with every delivery, for a gateway in front of the receiver: `Authorization`, `Api-Key`, `CF-Access-…` or `X-…`, at most
   * 10, values of up to 500 printable ASCII characters. Kept sealed; only their names are shown. All of them at once; null: none.
   */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, example: { Authorization: 'Bearer EXAMPLE' } })
  @IsOptional()
  @Verbatim()
  @IsObject()
  headers?: Record<string, string> | null;

  /**
   * Signs with ed25519 (`v1a`) beside `v1`, so that the receiver can verify without being able to sign; absent at first: no.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  asymmetric?: boolean | null;
}

export class CreateEndpointDto extends EndpointContentDto {
  /**
   * Where events are sent: a public https URL on port 443 or 8443.
   * @example https://merchant.example/hooks
   */
  @IsString()
  url: string;

  /**
   * In whose words it is told: `native`, and absent, ours; `paypal`: those of PayPal's webhooks (docs/doors.md), of the types that
   * PayPal has a word for. It can not be changed: whatever is sent under one `webhook-id` has equal bytes.
   * @example native
   */
  @IsOptional()
  @IsText({ min: 1, max: 20, plain: true })
  format?: string | null;
}

export class UpdateEndpointDto extends EndpointContentDto {
  /**
   * Where events are sent from now on; what waits goes there too.
   * @example https://merchant.example/hooks/v2
   */
  @IsOptional()
  @IsString()
  url?: string;
}

export class RotateEndpointSecretDto {
  /**
   * For how many seconds the replaced secret signs beside the new one; 0: it ends at once. Default: a day.
   * @example 86400
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(604_800)
  grace_s?: number | null;
}

export const BACKLOGS = ['all', 'from', 'drop'] as const;

export class EnableEndpointDto {
  /**
   * What becomes of the events that were held: `all` are sent in order, those written (or sent again by hand) `from` an instant on,
   * or none (`drop`). It holds at once, however many they are. Of what happens in the same moment some may be dropped with them: what
   * was missed stands in `GET /v1/events`, and is gap-free there.
   * @example from
   */
  @IsIn(BACKLOGS)
  backlog: (typeof BACKLOGS)[number] = 'all';

  /**
   * RFC 3339 instant; with backlog `from`, and only then.
   * @example 2026-11-21T12:00:00Z
   */
  @IsOptional()
  @IsText({ min: 1, max: 64, plain: true })
  from?: string | null;
}

export class EndpointQuery extends PageQuery {
  /** Only endpoints that were registered (`true`), or only those that bulks alone name (`false`). */
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : (value as unknown)))
  @IsBoolean({ message: 'registered must be true or false' })
  registered?: boolean;
}

export class WebhookKeysQuery {
  /**
   * The endpoint whose deliveries are to be verified.
   * @example endpoint_01jd3q8yv6f5w9x2k4m7n0p1rs
   */
  @IsString()
  endpoint_id: string;
}
