import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, ValidateIf } from 'class-validator';
import { Verbatim } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';
import { MerchantLimitsDto } from './limits.dto.js';

class MerchantSettingsDto {
  /**
   * IANA time zone in which dates without a zone are read; null: UTC.
   * @example Europe/Berlin
   */
  @IsOptional()
  @IsText({ min: 1, max: 64, plain: true })
  timezone?: string | null;

  /**
   * The connector that pays for this merchant; null: the sandbox in sandbox mode, else payouts fail validation with `no_route`.
   * @example connector_01jd3q8yv6f5w9x2k4m7n0p1rs
   */
  @IsOptional()
  @IsText({ min: 1, max: 64, plain: true })
  connector_id?: string | null;

  /** Replaced whole where given; null removes all limits. They count for what is created and judged from then on. */
  @ApiPropertyOptional({ type: MerchantLimitsDto, nullable: true })
  @Verbatim()
  @IsOptional()
  @IsObject()
  limits?: Record<string, unknown> | null;
}

export class CreateMerchantDto extends MerchantSettingsDto {
  /**
   * For people; 1 to 200 characters.
   * @example "Lovelace Analytical"
   */
  @IsText({ min: 1, max: 200, plain: true })
  name: string;
}

/** What is left out stays as it is. */
export class UpdateMerchantDto extends MerchantSettingsDto {
  /**
   * For people; 1 to 200 characters.
   * @example "Lovelace Analytical"
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsText({ min: 1, max: 200, plain: true })
  name?: string;
}

/** A merchant as the operator sees it. Secrets are shown once, by the routes that make them. */
export class MerchantDto {
  /** @example merchant_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example merchant */
  object: 'merchant';

  /** @example "Lovelace Analytical" */
  name: string;

  /**
   * IANA time zone in which dates without a zone are read; null: UTC.
   * @example Europe/Berlin
   */
  timezone: string | null;

  /**
   * The connector that pays for this merchant; null: the sandbox in sandbox mode, else none.
   * @example connector_01jd3q8yv6f5w9x2k4m7n0p1rs
   */
  connector_id: string | null;

  /** What bulks and payouts are held to. */
  limits: MerchantLimitsDto;

  /**
   * While true, no payout of this merchant is claimed.
   * @example false
   */
  paused: boolean;

  /**
   * Since when; null where not paused.
   * @example null
   */
  paused_at: string | null;

  /**
   * Why, in the words of who paused it; null where not paused.
   * @example null
   */
  pause_reason: string | null;

  /**
   * When it was last resumed; null where it never was.
   * @example null
   */
  resumed_at: string | null;

  /**
   * Why it was last resumed, in the words of who did it; null where none were given.
   * @example null
   */
  resume_reason: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;

  /** @example 2026-11-21T12:00:00.000Z */
  updated_at: string;
}

/** The answer to the creation: the only one that shows the first key and the signing secret. */
export class CreatedMerchantDto extends MerchantDto {
  /** @example key_01jd3q8yv6f5w9x2k4m7n0p1rs */
  api_key_id: string;

  /**
   * The merchant's first API key, with all scopes. Shown here only.
   * @example tr_test_01jd3q8yv6f5w9x2k4m7n0p1rs_EXAMPLE
   */
  api_key: string;

  /**
   * Signs what is sent to a bulk's `webhook_url` (Standard Webhooks). Shown here and on rotation only.
   * @example whsec_EXAMPLE
   */
  webhook_signing_secret: string;
}

/** Newest first. */
export class MerchantListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [MerchantDto] })
  data: readonly MerchantDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}
