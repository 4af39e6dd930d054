import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** Where a reader of events begins, and what it wants to see. */
export class EventCursorQuery {
  /**
   * The last id that this order of events gave you: what is answered stands behind it. An id from elsewhere (a webhook, another list)
   * may stand before events that are not shown yet, and those would be missed. `latest`: behind everything there is now. Absent or
   * `beginning`: behind the last event that was removed, from where on nothing is missing; of one bulk or payout by its own path,
   * before everything that is kept.
   */
  @IsOptional()
  @IsString()
  after?: string;

  /**
   * Only events of this type.
   * @example payout.processed
   */
  @IsOptional()
  @IsString()
  type?: string;
}

/** The query of a list of events: oldest first, so that reading on from the last id one has gives what came since. */
export class EventPageQuery extends EventCursorQuery {
  /**
   * At most so many events.
   * @example 100
   */
  @Transform(({ value }) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : (value as unknown)))
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1)
  @Max(1000)
  limit: number = 100;
}

export class EventStreamQuery extends EventCursorQuery {
  /** Only events of this bulk and its payouts. */
  @IsOptional()
  @IsString()
  bulk_id?: string;

  /** Only events of this payout. */
  @IsOptional()
  @IsString()
  payout_id?: string;
}

export class EventFeedQuery extends IntersectionType(EventPageQuery, EventStreamQuery) {}

/** One event: the body of its webhook with its id beside. */
export class EventDto {
  /** @example event_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example payout.scheduled */
  type: string;

  /** @example 2026-11-21T12:00:00.000Z */
  timestamp: string;

  /** As the type of the event has it: see Webhooks. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { event_id: 'event_01jd3q8yv6f5w9x2k4m7n0p1rs', sequence: 3, status: 'SCHEDULED' },
  })
  data: Record<string, unknown>;
}

/** Oldest first. */
export class EventListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [EventDto] })
  data: readonly EventDto[];

  /**
   * There are more behind the last one.
   * @example false
   */
  has_more: boolean;
}
