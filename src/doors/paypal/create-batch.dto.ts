import { ApiPropertyOptional } from '@nestjs/swagger';
import { MoneyDto } from './batch.dto.js';

/** What stands for every item that says nothing else. */
export class SenderBatchHeaderDto {
  /**
   * The sender's own key, of up to 256 characters: no second batch comes under it for 30 days, but after DENIED.
   * @example payroll-2026-11
   */
  readonly sender_batch_id?: string;
  /** @example EMAIL */
  readonly recipient_type?: 'EMAIL' | 'PHONE' | 'PAYPAL_ID' | 'USER_HANDLE';
  /** @example "You have been paid" */
  readonly email_subject?: string;
  readonly email_message?: string;
  readonly note?: string;
}

export class CreateItemDto {
  readonly amount!: MoneyDto;
  /**
   * Up to 127 characters, read as `recipient_type` says.
   * @example ada@example.com
   */
  readonly receiver!: string;
  /** Here or in the header. */
  readonly recipient_type?: 'EMAIL' | 'PHONE' | 'PAYPAL_ID' | 'USER_HANDLE';
  readonly note?: string;
  /**
   * Up to 63 characters, once in a batch.
   * @example INV-1001
   */
  readonly sender_item_id?: string;
  readonly recipient_wallet?: 'PAYPAL' | 'VENMO' | 'RECIPIENT_SELECTED';
  readonly notification_language?: string;
  readonly purpose?: string;
  /** Kept and shown again; nobody is notified. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  readonly alternate_notification_method?: object;
  /** Kept and shown again. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  readonly application_context?: object;
}

/** A batch is taken whole or not at all. */
export class CreateBatchDto {
  readonly sender_batch_header!: SenderBatchHeaderDto;
  /** From 1 to the operator's limit (`MAX_BULK_ITEMS`, 15,000 at most), in one currency. */
  readonly items!: CreateItemDto[];
}
