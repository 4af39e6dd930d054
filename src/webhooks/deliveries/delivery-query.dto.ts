import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { IsInstant } from '../../platform/time/index.js';
import { DELIVERY_STATUSES } from './delivery-status.js';

export class DeliveryQuery extends PageQuery {
  /** Deliveries to this endpoint. */
  @IsOptional()
  @IsString()
  endpoint_id?: string;

  /** Deliveries of this status. */
  @ApiProperty({ enum: DELIVERY_STATUSES, required: false })
  @IsOptional()
  @IsIn(DELIVERY_STATUSES)
  status?: string;

  /** Deliveries of events of this bulk and its payouts. */
  @IsOptional()
  @IsString()
  bulk_id?: string;

  /** Deliveries of events of this payout. */
  @IsOptional()
  @IsString()
  payout_id?: string;

  /**
   * Deliveries of events of this type.
   * @example payout.processed
   */
  @IsOptional()
  @IsString()
  event_type?: string;

  /** Deliveries that this resend was the last to send again. */
  @IsOptional()
  @IsString()
  resend_id?: string;

  /** RFC 3339: deliveries of events written after this instant. */
  @IsOptional()
  @IsInstant()
  created_after?: string;

  /** RFC 3339: deliveries of events written before this instant. */
  @IsOptional()
  @IsInstant()
  created_before?: string;
}
