import { ApiPropertyOptional } from '@nestjs/swagger';

const AMOUNTS = { type: 'object', additionalProperties: { type: 'string' } } as const;

/** `{max_amount: {EUR: "10000.00"}}`: per currency, the most that one payout may be. */
export class LimitsDto {
  /**
   * The most that one payout may be, as a decimal string per ISO 4217 currency. A currency that is not named has no limit.
   * @example { "EUR": "10000.00" }
   */
  @ApiPropertyOptional({ ...AMOUNTS, example: { EUR: '10000.00' } })
  max_amount?: Record<string, string>;
}

/** What is not named has no limit. Limits of amounts are judged by validation, those of counts by the creation of a bulk. */
export class MerchantLimitsDto extends LimitsDto {
  /**
   * The most that all payouts of one bulk may be together, by currency; those over it are invalid (`bulk_amount_over_limit`).
   * @example { "EUR": "1000000.00" }
   */
  @ApiPropertyOptional({ ...AMOUNTS, example: { EUR: '1000000.00' } })
  max_bulk_amount?: Record<string, string>;

  /**
   * The most that all payouts of one day may be together, by currency, by their dates in the merchant's time zone; those over it
   * are invalid (`daily_amount_over_limit`). What was validated before the limit was set does not count.
   * @example { "EUR": "2500000.00" }
   */
  @ApiPropertyOptional({ ...AMOUNTS, example: { EUR: '2500000.00' } })
  max_daily_amount?: Record<string, string>;

  /**
   * How many bulks may be open, which is until all their payouts have come to rest; over it creations are refused (`limit_reached`).
   * @example 50
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 50 })
  max_open_bulks?: number;

  /**
   * How many payouts may wait, which is until they are claimed or cancelled; over it creations are refused (`limit_reached`).
   * @example 100000
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 100_000 })
  max_waiting_payouts?: number;
}
