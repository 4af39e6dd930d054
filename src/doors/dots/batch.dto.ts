import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Sent } from '../origin.repository.js';
import { PLATFORMS, type Platform } from './platforms.js';
import type { Metadata } from './request-reader.js';
import {
  BATCH_STATUSES,
  type BatchStatus,
  ERROR_CODES,
  type ErrorCode,
  TRANSFER_STATUSES,
  type TransferStatus,
} from './transfer-status.js';
import { METADATA_SCHEMA } from './user.dto.js';

export class CreateItemDto {
  /** @example a169451c-8525-4352-b8ca-070dd449a1a5 */
  readonly user_id!: string;
  /**
   * In cents of US dollars.
   * @example 1000
   */
  readonly amount!: number;
  @ApiProperty({ enum: PLATFORMS, example: 'paypal' })
  readonly platform!: Platform;
  /** One of the user's methods by its id; without it the default, or the oldest on the platform. */
  readonly account_id?: string;
  /**
   * Once in a batch, and held while the payout may still be paid: then it becomes its native `reference`.
   * @example b2c3d4e5-f6a7-48b9-90c1-d2e3f4a5b6c7
   */
  readonly idempotency_key!: string;
  /** @example true */
  readonly fund!: true;
  readonly tax_exempt?: boolean;
  readonly payout_fee_party?: 'user' | 'platform';
  @ApiPropertyOptional(METADATA_SCHEMA)
  readonly metadata?: Metadata;
}

/** A batch is taken whole or not at all. */
export class CreateBatchDto {
  /** From 1 to the operator's limit (`MAX_BULK_ITEMS`, 5000 at most). */
  readonly items!: CreateItemDto[];
  /** The same again answers the first batch. */
  readonly idempotency_key?: string;
  @ApiPropertyOptional(METADATA_SCHEMA)
  readonly metadata?: Metadata;
}

export class BatchDto {
  /**
   * The uuid of the bulk, which the native contract writes as `bulk_…`.
   * @example 019a9f10-0000-7000-8000-000000000001
   */
  readonly id!: string;
  /** @example 2026-11-21T12:00:00.000Z */
  readonly created!: string;
  /** @example 3c90c3cc-0d44-4b50-8888-8dd25736052a */
  readonly idempotency_key!: string | null;
  @ApiProperty({ enum: BATCH_STATUSES })
  readonly status!: BatchStatus;
  @ApiProperty(METADATA_SCHEMA)
  readonly metadata!: Metadata;
}

export class BatchListDto {
  readonly has_more!: boolean;
  readonly data!: BatchDto[];
}

export class TransferDto {
  /**
   * The uuid of the payout, which the native contract writes as `payout_…`.
   * @example 019a9f10-0000-7000-8000-000000000002
   */
  readonly id!: string;
  @ApiProperty({ enum: TRANSFER_STATUSES, example: 'completed' })
  readonly status!: TransferStatus;
}

export class ResultDto {
  /**
   * Null where the payout came in by another way.
   * @example a169451c-8525-4352-b8ca-070dd449a1a5
   */
  readonly user_id!: string | null;
  /** @example b2c3d4e5-f6a7-48b9-90c1-d2e3f4a5b6c7 */
  readonly idempotency_key!: string;
  @ApiProperty(METADATA_SCHEMA)
  readonly metadata!: Metadata;
  @ApiProperty({ anyOf: [{ $ref: '#/components/schemas/TransferDto' }, { type: 'null' }] })
  readonly transfer!: TransferDto | null;
  @ApiProperty({ enum: [...ERROR_CODES, null], nullable: true, type: String, example: null })
  readonly error_code!: ErrorCode | null;
  /** @example null */
  readonly error_message!: string | null;
  /** The item as it was sent, with `include_request=true`. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  readonly request?: Sent;
}

export class BatchResultsDto extends BatchDto {
  /** In the order in which they were sent. */
  readonly items!: ResultDto[];
}
