import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Sent } from '../origin.repository.js';
import type { Metadata } from './request-reader.js';
import { METADATA_SCHEMA } from './user.dto.js';

/** Dots' words for how far a link is, as far as they are shown here. */
export const LINK_STATUSES = ['created', 'claimed', 'canceled', 'expired'] as const;
export type LinkStatus = (typeof LINK_STATUSES)[number];

export class PayeeRequestDto {
  /**
   * Without the plus sign.
   * @example "1"
   */
  readonly country_code!: string;
  /** @example "4154332334" */
  readonly phone_number!: string;
}

export class DeliveryRequestDto {
  /** Kept; nobody is sent a message. */
  readonly message?: string;
}

/** One of `user_id` and `payee`. */
export class SendPayoutDto {
  /**
   * In cents of US dollars.
   * @example 12050
   */
  readonly amount!: number;
  readonly user_id?: string;
  @ApiPropertyOptional({ type: PayeeRequestDto })
  readonly payee?: PayeeRequestDto;
  @ApiPropertyOptional({ type: DeliveryRequestDto })
  readonly delivery?: DeliveryRequestDto;
  readonly force_collect_compliance_information?: boolean;
  @ApiPropertyOptional({ type: [String] })
  readonly additional_steps?: string[];
  readonly tax_exempt?: boolean;
  @ApiPropertyOptional(METADATA_SCHEMA)
  readonly metadata?: Metadata;
  /** Stands on the page of the link. */
  readonly memo?: string;
  /** The same again answers the first link. */
  readonly idempotency_key?: string;
  readonly payout_fee_party?: 'user' | 'platform';
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  readonly accounting_data?: Sent;
}

export class PayeeDto {
  /** @example Bob */
  readonly first_name!: string | null;
  /** @example Loblaw */
  readonly last_name!: string | null;
  /** @example bob@bobloblaw.com */
  readonly email!: string | null;
  /** @example "1" */
  readonly country_code!: string | null;
  /** @example "4154332334" */
  readonly phone_number!: string | null;
}

export class DeliveryDto {
  /** The link is for the sender to deliver. */
  readonly method!: 'link';
  /** @example null */
  readonly email!: string | null;
  /** @example null */
  readonly country_code!: string | null;
  /** @example null */
  readonly phone_number!: string | null;
}

export class PayoutLinkDto {
  /**
   * The uuid of the link, which events write as `link_…`.
   * @example 019a9f10-0000-7000-8000-000000000001
   */
  readonly id!: string;
  /** @example 2026-11-21T12:00:00.000Z */
  readonly created!: string;
  /**
   * Who has it can claim the amount, once.
   * @example http://127.0.0.1:3000/pay/Jw3a9m6xqk0v2s5y8b1e4h7k0n3q6t9w2z5c8f1i4l7
   */
  readonly link!: string;
  /** @example 12050 */
  readonly amount!: number;
  @ApiProperty({ enum: LINK_STATUSES })
  readonly status!: LinkStatus;
  readonly payee!: PayeeDto;
  readonly delivery!: DeliveryDto;
  readonly tax_exempt!: boolean;
  /**
   * The user whom the link was for, once it is claimed.
   * @example null
   */
  readonly claimed_user_id!: string | null;
  /** There are no flows. */
  @ApiProperty({ type: 'null', example: null })
  readonly flow_id!: null;
  @ApiProperty(METADATA_SCHEMA)
  readonly metadata!: Metadata;
}
