import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';

/** More than there are types; a longer list is a mistake. */
const EVENT_TYPES_MAX = 100;

export class CreateEndpointDto {
  /**
   * Where events are sent: a public https URL on port 443 or 8443.
   * @example https://merchant.example/hooks
   */
  @IsString()
  url: string;

  /**
   * The types it gets; absent or null: all.
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
}

export class UpdateEndpointDto {
  /**
   * Where events are sent from now on; what waits goes there too.
   * @example https://merchant.example/hooks/v2
   */
  @IsOptional()
  @IsString()
  url?: string;

  /**
   * Replaces the list; null: all types.
   * @example null
   */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(EVENT_TYPES_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  event_types?: string[] | null;

  /** @example bookkeeping */
  @IsOptional()
  @IsText({ max: 500 })
  description?: string | null;
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
   * What becomes of the events that were held: `all` are sent in order, those written `from` an instant on, or none (`drop`).
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
