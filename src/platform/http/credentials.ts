/** Who a merchant's key speaks for. */
export interface MerchantPrincipal {
  /** The merchant's uuid. */
  readonly id: string;
  /** The key's uuid. */
  readonly keyId: string;
  /** What the key may do, such as `bulks:write`; null: everything. */
  readonly scopes: readonly string[] | null;
  /** The merchant's IANA zone, where it has one. */
  readonly timezone: string | null;
}

/** Whoever sent the request, once its key has been looked up. */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'operator' }
  | { readonly kind: 'merchant'; readonly merchant: MerchantPrincipal };

/** The kernel's port to whoever keeps the keys. */
export interface Credentials {
  /** @returns null where the key is malformed, unknown, revoked or expired. */
  merchantKey(bearer: string): Promise<MerchantPrincipal | null>;
  /** Compared in constant time. */
  operatorKey(bearer: string): boolean;
}

/** Injection token of `Credentials`. */
export const CREDENTIALS = Symbol('CREDENTIALS');
