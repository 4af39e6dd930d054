import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { statesOf } from '../../platform/lifecycle/index.js';
import { deliveryLifecycle } from '../delivery.lifecycle.js';

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
}
