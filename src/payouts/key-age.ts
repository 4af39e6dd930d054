/** A key is never sent again past this share of the provider's retention: the rest is for clocks and delays. */
const RETENTION_SHARE = 0.8;

interface Aged {
  /** Since the first send of the key, on the database's clock. */
  readonly age_ms: number;
}

interface Remembers {
  readonly keyRetention_ms: number;
  readonly staleWindow_ms: number;
}

/** How old a key may be when it is sent, in milliseconds: a request that arrives as late as one can has to find it remembered. */
export const sendableAge_ms = ({ keyRetention_ms, staleWindow_ms }: Remembers): number =>
  Math.min(RETENTION_SHARE * keyRetention_ms, keyRetention_ms - staleWindow_ms);

/** How long this key can still be sent; not above zero: never again. */
export const sendableFor_ms = ({ age_ms }: Aged, provider: Remembers): number => sendableAge_ms(provider) - age_ms;

export const canBeSentAgain = (key: Aged, provider: Remembers): boolean => sendableFor_ms(key, provider) > 0;
