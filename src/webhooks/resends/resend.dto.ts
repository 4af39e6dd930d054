import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString } from 'class-validator';
import { IsInstant } from '../../platform/time/index.js';
import { STATUSES_AT_REST } from '../deliveries/delivery-status.js';

/** Which deliveries are sent again: those that all of the filters hold for. */
export class CreateResendDto {
  /** @example endpoint_01jd3q8yv6f5w9x2k4m7n0p1rs */
  @IsOptional()
  @IsString()
  endpoint_id?: string | null;

  /**
   * Events of this bulk and its payouts.
   * @example bulk_01jd3q8yv6f5w9x2k4m7n0p1rs
   */
  @IsOptional()
  @IsString()
  bulk_id?: string | null;

  /** @example payout.processed */
  @IsOptional()
  @IsString()
  event_type?: string | null;

  /** Deliveries of this status; absent: of any of these. Anything else is sent anyway. */
  @ApiProperty({ enum: STATUSES_AT_REST, required: false, nullable: true })
  @IsOptional()
  @IsIn(STATUSES_AT_REST)
  status?: (typeof STATUSES_AT_REST)[number] | null;

  /**
   * RFC 3339: events written after this instant.
   * @example 2026-11-20T00:00:00Z
   */
  @IsOptional()
  @IsInstant()
  created_after?: string | null;

  /**
   * RFC 3339: events written before this instant.
   * @example 2026-11-21T00:00:00Z
   */
  @IsOptional()
  @IsInstant()
  created_before?: string | null;

  /**
   * Everything that was ever sent. Has to be said where there is no filter, and only there.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  all?: boolean | null;
}
