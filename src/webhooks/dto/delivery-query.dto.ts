import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { PageQuery } from '../../platform/http/index.js';
import { statesOf } from '../../platform/lifecycle/index.js';
import { deliveryLifecycle } from '../delivery.lifecycle.js';

export class DeliveryQuery extends PageQuery {
  @IsOptional()
  @IsString()
  endpoint_id?: string;

  @ApiProperty({ enum: statesOf(deliveryLifecycle), required: false })
  @IsOptional()
  @IsIn(statesOf(deliveryLifecycle))
  status?: string;

  @IsOptional()
  @IsString()
  bulk_id?: string;

  @IsOptional()
  @IsString()
  payout_id?: string;
}
