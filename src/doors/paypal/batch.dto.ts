import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Sent } from '../origin.repository.js';
import { LinkDto } from './error.dto.js';
import { BATCH_STATUSES, type BatchStatus, TRANSACTION_STATUSES, type TransactionStatus } from './transaction-status.js';

export class MoneyDto {
  /**
   * ISO 4217.
   * @example USD
   */
  readonly currency!: string;
  /**
   * A decimal string with all decimals of the currency.
   * @example 120.50
   */
  readonly value!: string;
}

export class BatchHeaderDto {
  /**
   * The native id of the bulk without `bulk_`.
   * @example 01kb4n3w2ze3rbz4jrd9qk6v1x
   */
  readonly payout_batch_id!: string;
  @ApiProperty({ enum: BATCH_STATUSES })
  readonly batch_status!: BatchStatus;
  /** @example 2026-11-21T12:00:00Z */
  readonly time_created?: string;
  /**
   * When nothing was on its way any more.
   * @example 2026-11-21T12:00:01Z
   */
  readonly time_completed?: string;
  /** @example 2026-11-21T12:00:01Z */
  readonly time_closed?: string;
  /** As it was sent. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { sender_batch_id: 'payroll-2026-11' } })
  readonly sender_batch_header!: Sent;
  readonly funding_source?: 'BALANCE';
  readonly amount?: MoneyDto;
  /** Always zero: what a provider takes is between it and the operator. */
  @ApiPropertyOptional({ example: { currency: 'USD', value: '0.00' } })
  readonly fees?: MoneyDto;
}

/** Why an item failed, was returned, or is not claimed. */
export class ItemErrorDto {
  /** @example RECEIVER_UNREGISTERED */
  readonly name!: string;
  /** @example "Receiver is unregistered." */
  readonly message!: string;
  @ApiProperty({ type: 'array', items: { type: 'object' }, example: [] })
  readonly details!: readonly object[];
}

export class ItemDto {
  /**
   * The native id of the payout without `payout_`.
   * @example 01kb4n3w2ze3rbz4jrd9qk6v1y
   */
  readonly payout_item_id!: string;
  /**
   * What the provider calls the payment, once there is one.
   * @example 7c0ee3a2-9c8b-4e57-a5f4-0b4f2c6c1a55
   */
  readonly transaction_id?: string;
  /** @example 7c0ee3a2-9c8b-4e57-a5f4-0b4f2c6c1a55 */
  readonly activity_id?: string;
  @ApiProperty({ enum: TRANSACTION_STATUSES, example: 'UNCLAIMED' })
  readonly transaction_status!: TransactionStatus;
  @ApiProperty({ example: { currency: 'USD', value: '0.00' } })
  readonly payout_item_fee!: MoneyDto;
  /** @example 01kb4n3w2ze3rbz4jrd9qk6v1x */
  readonly payout_batch_id!: string;
  /**
   * Of one item that is shown alone.
   * @example payroll-2026-11
   */
  readonly sender_batch_id?: string;
  /** As it was sent, with the amount as it is now. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { recipient_type: 'EMAIL', receiver: 'ada@example.com', amount: { currency: 'USD', value: '120.50' } },
  })
  readonly payout_item!: Sent;
  /** @example 2026-11-21T12:00:01Z */
  readonly time_processed?: string;
  readonly errors?: ItemErrorDto;
  readonly links!: LinkDto[];
}

export class BatchDto {
  /** With `total_required=true`. */
  readonly total_items?: number;
  /** With `total_required=true`. */
  readonly total_pages?: number;
  readonly batch_header!: BatchHeaderDto;
  /** In the order in which they were sent; left out with `fields=batch_header` and in the answer to a creation. */
  readonly items?: ItemDto[];
  readonly links!: LinkDto[];
}
