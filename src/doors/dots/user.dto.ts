import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { METHOD_PLATFORMS, type MethodPlatform } from './platforms.js';
import type { Metadata } from './request-reader.js';

/** Whatever the sender attaches. */
export const METADATA_SCHEMA = {
  anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }, { type: 'null' }],
  example: { internal_id: 'user_121344' },
};

export class CreateUserDto {
  /** @example Bob */
  readonly first_name!: string;
  /** @example Loblaw */
  readonly last_name!: string;
  /** @example bob@bobloblaw.com */
  readonly email!: string;
  /**
   * Without the plus sign.
   * @example "1"
   */
  readonly country_code!: string;
  /**
   * One user has one number, and one number one user.
   * @example "4154332334"
   */
  readonly phone_number!: string;
  @ApiPropertyOptional(METADATA_SCHEMA)
  readonly metadata?: Metadata;
}

export class PhoneDto {
  /** @example "1" */
  readonly country_code!: string | null;
  /** @example "4154332334" */
  readonly phone_number!: string | null;
}

export class WalletDto {
  /** @example 0 */
  readonly amount!: number;
  /** @example 0 */
  readonly withdrawable_amount!: number;
  /** @example 0 */
  readonly credit_balance!: number;
}

export class UserDto {
  /** @example 3c90c3cc-0d44-4b50-8888-8dd25736052a */
  readonly id!: string;
  /** @example Bob */
  readonly first_name!: string;
  /** @example Loblaw */
  readonly last_name!: string;
  /** @example bob@bobloblaw.com */
  readonly email!: string;
  readonly phone_number!: PhoneDto;
  @ApiPropertyOptional({ enum: METHOD_PLATFORMS, nullable: true })
  readonly default_payout_method!: MethodPlatform | null;
  /** Nothing waits here for a user: always zero. */
  readonly wallet!: WalletDto;
  /** Nobody is asked to prove who he is. */
  readonly status!: 'verified';
  @ApiPropertyOptional(METADATA_SCHEMA)
  readonly metadata!: Metadata;
}

export class UserListDto {
  readonly has_more!: boolean;
  readonly data!: UserDto[];
}

/** `ach`: `routing_number`, `account_number` and `account_type`; `paypal`: `email`; `venmo`: `phone_number` or `handle`; `cash_app`: `cash_tag`, or `routing_number` and `account_number`. */
export class AddPayoutMethodDto {
  @ApiProperty({ enum: METHOD_PLATFORMS, example: 'ach' })
  readonly platform!: MethodPlatform;
  /** @example "021000021" */
  readonly routing_number?: string;
  /** @example "123456789" */
  readonly account_number?: string;
  /** @example checking */
  readonly account_type?: 'checking' | 'savings';
  readonly email?: string;
  readonly phone_number?: string;
  readonly handle?: string;
  readonly cash_tag?: string;
  /** The first method is the default without being told. */
  readonly is_default?: boolean;
}

export class PayoutMethodDto {
  /**
   * What `account_id` of a payout names.
   * @example c369451c-a725-6552-d0ec-272ff669c3c7
   */
  readonly id!: string;
  @ApiProperty({ enum: METHOD_PLATFORMS })
  readonly platform!: MethodPlatform;
  /**
   * The last four digits of an account.
   * @example "6789"
   */
  readonly mask!: string | null;
  /** @example null */
  readonly email!: string | null;
  /** @example null */
  readonly phone_number!: string | null;
  /** @example null */
  readonly handle!: string | null;
  /** @example null */
  readonly cash_tag!: string | null;
}
