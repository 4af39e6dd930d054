/** By ISO 4217 code: canonical decimal strings. */
type AmountByCurrency = Readonly<Record<string, string>>;

/** Limits as stored with a merchant or a connector; what is not named has none. A connector has `max_amount` only. */
export interface StoredLimits {
  /** Of one payout. */
  readonly max_amount?: AmountByCurrency;
  /** Of all payouts of a bulk together. */
  readonly max_bulk_amount?: AmountByCurrency;
  /** Of all payouts of a day together, by their dates in the merchant's time zone. */
  readonly max_daily_amount?: AmountByCurrency;
  /** Bulks of which something is still to happen. */
  readonly max_open_bulks?: number;
  /** Payouts that are not yet claimed. */
  readonly max_waiting_payouts?: number;
}
