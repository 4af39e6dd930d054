import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';

/** Where the receiver lives. */
export class AddressDto {
  /** @example "Unter den Linden 1" */
  line1?: string;
  line2?: string;
  /** @example Berlin */
  city?: string;
  state?: string;
  /** @example "10117" */
  postal_code?: string;
  /**
   * ISO 3166-1 alpha-2.
   * @example DE
   */
  country?: string;
}

/** Who is paid. Stored sealed; never in an event, a log or an error. */
export class BillingDataDto {
  /** @example Ada */
  first_name?: string;
  /** @example Lovelace */
  last_name?: string;
  /** @example ada@example.com */
  email?: string;
  /**
   * E.164.
   * @example "+493012345678"
   */
  phone_number?: string;
  address?: AddressDto;
}

/**
 * How the receiver is paid. `bank_account`: `iban` (with optional `bic`), or `routing_number`, `account_number` and `account_type` (US),
 * or `sort_code` and `account_number` (GB), or `country`, `bank_code` and `account_number`; each with `account_holder`.
 * `mobile_wallet`: `provider` and `phone_number`. `card`: `token` only, never a card number. `paypal`: one of `email`, `phone_number`,
 * `paypal_id`. `wallet`: `account_id`. Answered with account numbers masked to the last four.
 */
export class PayoutMethodDto {
  @ApiProperty({ enum: ['bank_account', 'mobile_wallet', 'card', 'paypal', 'wallet'] })
  type: string;
  /** @example DE89370400440532013000 */
  iban?: string;
  bic?: string;
  routing_number?: string;
  @ApiProperty({ enum: ['checking', 'savings'], required: false })
  account_type?: string;
  sort_code?: string;
  country?: string;
  bank_code?: string;
  account_number?: string;
  /** @example "Ada Lovelace" */
  account_holder?: string;
  provider?: string;
  phone_number?: string;
  token?: string;
  email?: string;
  paypal_id?: string;
  account_id?: string;
}

/** One payout as it is sent. Only `reference` is judged before the answer; every other fault is an issue of this payout, found by validation. */
export class ItemDto {
  /**
   * Yours; 1 to 100 characters, unique in the bulk, and held while the payout may still be paid.
   * @example INV-1001
   */
  reference: string;
  /**
   * A decimal string, with at most the currency's decimals.
   * @example "120.50"
   */
  @ApiProperty({ type: String, nullable: true, required: false, pattern: '^\\d{1,15}(\\.\\d+)?$' })
  amount?: string | null;
  /**
   * ISO 4217.
   * @example EUR
   */
  @ApiProperty({ type: String, nullable: true, required: false })
  currency?: string | null;
  /**
   * As in the bulk; the item's own counts first. Without any: as soon as it is validated.
   * @example 2026-12-01
   */
  @ApiProperty({ type: String, nullable: true, required: false })
  scheduled_date?: string | null;
  /** @example Europe/Berlin */
  @ApiProperty({ type: String, nullable: true, required: false })
  timezone?: string | null;
  @ApiProperty({ type: PayoutMethodDto, nullable: true, required: false })
  payout_method?: PayoutMethodDto | null;
  @ApiProperty({ type: BillingDataDto, nullable: true, required: false })
  billing_data?: BillingDataDto | null;
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: { invoice: 'INV-1001' },
  })
  metadata?: Record<string, string> | null;
}

/** The payout that changes, by its `reference`, and the members that change (RFC 7396). */
export class ItemPatchDto extends IntersectionType(
  PickType(ItemDto, ['reference'] as const),
  PartialType(OmitType(ItemDto, ['reference'] as const)),
) {}
