import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsOptional } from 'class-validator';
import { IsText } from '../../platform/text/index.js';
import { OPERATOR_SCOPES, type OperatorScope, SCOPES, type Scope } from '../scopes.js';

class NewKeyDto {
  /**
   * For people; 1 to 200 characters.
   * @example "payroll server"
   */
  @IsOptional()
  @IsText({ min: 1, max: 200, plain: true })
  name?: string | null;

  /**
   * RFC 3339 instant from which the key is refused; absent or null: it never expires.
   * @example 2027-11-21T12:00:00.000Z
   */
  @IsOptional()
  @IsText({ min: 1, max: 64, plain: true })
  expires_at?: string | null;
}

export class CreateApiKeyDto extends NewKeyDto {
  /**
   * What the key may do; absent or null: everything that a merchant may.
   * @example ["bulks:read", "bulks:write"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPES.length)
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  scopes?: Scope[] | null;
}

export class CreateOperatorKeyDto extends NewKeyDto {
  /**
   * What the key may do, each of it something that the key of this request may; absent or null: everything that an operator may.
   * @example ["read", "brakes:write"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(OPERATOR_SCOPES.length)
  @ArrayUnique()
  @IsIn(OPERATOR_SCOPES, { each: true })
  scopes?: OperatorScope[] | null;
}

class KeyDto {
  /** @example key_01jd3q8yv6f5w9x2k4m7n0p1rs */
  id: string;

  /** @example "payroll server" */
  name: string | null;

  /** @example null */
  expires_at: string | null;

  /**
   * Since when it is refused; it stays in the list.
   * @example null
   */
  revoked_at: string | null;

  /**
   * To the minute.
   * @example 2026-11-21T12:00:00.000Z
   */
  last_used_at: string | null;

  /** @example 2026-11-21T12:00:00.000Z */
  created_at: string;
}

/** A merchant's key without its secret. */
export class ApiKeyDto extends KeyDto {
  /** @example api_key */
  object: 'api_key';

  /** @example merchant_01jd3q8yv6f5w9x2k4m7n0p1rs */
  merchant_id: string;

  /**
   * What the key may do; null: everything that a merchant may.
   * @example ["bulks:read", "bulks:write"]
   */
  scopes: string[] | null;
}

/** An operator's key without its secret. */
export class OperatorKeyDto extends KeyDto {
  /** @example operator_key */
  object: 'operator_key';

  /**
   * What the key may do; null: everything that an operator may.
   * @example ["read", "brakes:write"]
   */
  scopes: string[] | null;
}

/** The answer to the creation: the only one that shows the key. */
export class CreatedOperatorKeyDto extends OperatorKeyDto {
  /**
   * Shown here only; what is stored is its hash.
   * @example tr_op_01jd3q8yv6f5w9x2k4m7n0p1rs_EXAMPLE
   */
  api_key: string;
}

/** Newest first. */
export class OperatorKeyListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [OperatorKeyDto] })
  data: readonly OperatorKeyDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}

/** The answer to the creation: the only one that shows the key. */
export class CreatedApiKeyDto extends ApiKeyDto {
  /**
   * Shown here only; what is stored is its hash.
   * @example tr_test_01jd3q8yv6f5w9x2k4m7n0p1rs_EXAMPLE
   */
  api_key: string;
}

/** Newest first. */
export class ApiKeyListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [ApiKeyDto] })
  data: readonly ApiKeyDto[];

  /**
   * There are more in the direction of the page.
   * @example false
   */
  has_more: boolean;
}
