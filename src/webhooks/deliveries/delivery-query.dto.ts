import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { statesOf } from '../../platform/lifecycle/index.js';
import { IsInstant } from '../../platform/time/index.js';
import { deliveryLifecycle } from './delivery.lifecycle.js';

export class DeliveryQuery extends PageQuery {
  /** Deliveries to this endpoint. */
  @IsOptional()
  @IsString()
  endpoint_id?: string;

  /** Deliveries of this status. */
  @ApiProperty({ enum: statesOf(deliveryLifecycle), required: false })
  @IsOptional()
  @IsIn(statesOf(deliveryLifecycle))
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
