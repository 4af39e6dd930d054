import { ApiPropertyOptional } from '@nestjs/swagger';

/** `{max_amount: {EUR: "10000.00"}}`: per currency, the most that one payout may be. */
export class LimitsDto {
  /**
   * The most that one payout may be, as a decimal string per ISO 4217 currency. A currency that is not named has no limit.
   * @example { "EUR": "10000.00" }
   */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, example: { EUR: '10000.00' } })
  max_amount?: Record<string, string>;
}
