/** Limits of single payouts as stored with a merchant or a connector: canonical decimal strings by ISO 4217 code. */
export interface StoredLimits {
  readonly max_amount?: Readonly<Record<string, string>>;
}
