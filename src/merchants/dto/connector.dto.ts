import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { Verbatim } from '../../platform/http/index.js';
import { IsText } from '../../platform/text/index.js';
import { ConnectorBreakerDto } from './connector-breaker.dto.js';
import { LimitsDto } from './limits.dto.js';

/** What can be narrowed and tuned of any connector. */
class ConnectorSettingsDto {
  /**
   * Only these ISO 4217 currencies; absent or null: every one that the type can do.
   * @example ["EUR", "USD"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ArrayUnique()
  @Matches(/^[A-Z]{3}$/, { each: true, message: 'currencies must be ISO 4217 codes, three capital letters each' })
  currencies?: string[] | null;

  /**
   * Only these types of `payout_method`; absent or null: every one that the type can do.
   * @example ["bank_account"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ArrayUnique()
  @Matches(/^[a-z][a-z_]{0,39}$/, { each: true, message: 'method_types must be types of payout_method, such as bank_account' })
  method_types?: string[] | null;

  /**
   * At most this many calls at a time, of all workers together. Default: 32.
   * @example 32
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  max_concurrency?: number | null;

  /**
   * At most this many calls started a second, of all workers together; absent or null: no limit.
   * @example 50
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  rate_per_second?: number | null;

  /** The most that one payout through it may be; replaced whole where given, null removes. The smaller of it and the merchant's counts. */
  @ApiPropertyOptional({ type: LimitsDto, nullable: true })
  @Verbatim()
  @IsOptional()
  @IsObject()
  limits?: Record<string, unknown> | null;
}

export class CreateConnectorDto extends ConnectorSettingsDto {
  /**
   * For people, and in every intent and attempt that it makes; 1 to 200 characters.
   * @example "Main bank"
   */
  @IsText({ min: 1, max: 200, plain: true })
  name: string;

  /**
   * The kind of connector: `sandbox`, `http`, `paypal` or `dots`; it can not be changed.
   * @example http
   */
  @IsText({ min: 1, max: 40, plain: true })
  type: string;

  /** What the type needs to reach its provider. Members that are secret are kept sealed and never answered. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { base_url: 'https://gateway.example/v1', token: 'EXAMPLE', timeout_ms: 10_000 },
  })
  @Verbatim()
  @IsOptional()
  @IsObject()
  config?: Record<string, unknown> | null;
}

/** What is left out stays as it is; null removes what can be absent. */
export class UpdateConnectorDto extends ConnectorSettingsDto {
  /**
   * For people; 1 to 200 characters.
   * @example "Main bank"
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsText({ min: 1, max: 200, plain: true })
  name?: string;

  /** Merged into the kept config (RFC 7396): what is left out stays, secrets too; null removes a member. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { token: 'EXAMPLE' } })
  @Verbatim()
  @ValidateIf((_, value) => value !== undefined)
  @IsObject()
  config?: Record<string, unknown>;
}

/** A connector as the operator sees it. Its secrets are never answered. */
export class ConnectorDto {
  /** @example connector_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example connector */
  object: 'connector';

  /** @example "Main bank" */
  name: string;

  /** @example http */
  type: string;

  /** Without the members that are secret; empty where no key of `ENCRYPTION_KEYS` opens it, until it is given anew. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { base_url: 'https://gateway.example/v1', timeout_ms: 10_000 },
  })
  config: Readonly<Record<string, unknown>>;

  /**
   * Null: every one that the type can do.
   * @example ["EUR", "USD"]
   */
  currencies: string[] | null;

  /**
   * Null: every one that the type can do.
   * @example ["bank_account"]
   */
  method_types: string[] | null;

  /** @example 32 */
  max_concurrency: number;

  /**
   * Null: no limit.
   * @example 50
   */
  rate_per_second: number | null;

  /** What validation holds every payout through it to. */
  limits: LimitsDto;

  /**
   * While true, no payout is claimed for this connector.
   * @example false
   */
  paused: boolean;

  /**
   * Since when; null where not paused.
   * @example null
   */
  paused_at: string | null;

  /**
   * `operator`, or `engine` where the provider refused our credentials, could not be understood, or has payments that contradict
   * our books; null where not paused.
   * @example null
   */
  paused_by: string | null;

  /**
   * Why; null where not paused.
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

  /**
   * The provider asked to be left alone until then (Retry-After); null or past where it did not.
   * @example null
   */
  busy_until: string | null;

  /** Of all workers together. */
  breaker: ConnectorBreakerDto;

  /**
   * Whether its provider gives a list of its payments to be compared with ours; null before it was first asked.
   * @example true
   */
  lists_payments: boolean | null;

  /**
   * Up to here the provider's list was compared with ours; null before the first time.
   * @example null
   */
  reconciled_until: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;

  /** @example 2026-11-21T12:00:00.000Z */
  updated_at: string;
}

/** What the sandbox took: append-only. What it turned away is not in it. */
export class LedgerEntryDto {
  /**
   * The sandbox's own id of the payment.
   * @example 019a9f10-0000-7000-8000-000000000001
   */
  id: string;

  /**
   * The key under which it was sent; there is never a second entry of one key.
   * @example 7d1c1a52-e0f1-4b0c-9f0a-4d1e6b2c8f35
   */
  idempotency_key: string;

  /** @example intent_01jd3q8yv6f5w9x2k4m7n0p1rs */
  intent_id: string;

  /** @example INV-1001 */
  reference: string;

  /** @example 120.50 */
  amount: string;

  /** @example EUR */
  currency: string;

  /**
   * What has become of it by now.
   * @example succeeded
   */
  status: string;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;
}

/** Newest first. */
export class ConnectorListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [ConnectorDto] })
  data: readonly ConnectorDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}

/** Newest first. */
export class LedgerDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [LedgerEntryDto] })
  data: readonly LedgerEntryDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}
