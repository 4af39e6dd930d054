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

/** Who an operator's key speaks for. */
export interface OperatorPrincipal {
  /** The key's uuid; null: the root key of the configuration, which stands in no table. */
  readonly keyId: string | null;
  /** What the key may do, such as `merchants:write`; null: everything. */
  readonly scopes: readonly string[] | null;
}

/** Who shows what was made for one thing alone, such as a link: it opens the routes of that thing and is no key. */
export interface GuestPrincipal {
  /** The uuid of the thing. */
  readonly id: string;
  /** The uuid of the merchant whose it is. */
  readonly merchantId: string;
}

/** Whoever sent the request, once its key has been looked up. */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'guest'; readonly guest: GuestPrincipal }
  | { readonly kind: 'operator'; readonly operator: OperatorPrincipal }
  | { readonly kind: 'merchant'; readonly merchant: MerchantPrincipal };

/** Stands for the root key where a uuid stands for any other (RFC 9562's max UUID: nothing else can have it). */
export const ROOT_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The uuid of the key that this caller used, or of what it shows in place of one; null: it used none. */
export function keyIdOf(caller: Caller | undefined): string | null {
  switch (caller?.kind) {
    case undefined:
    case 'nobody':
      return null;
    case 'guest':
      return caller.guest.id;
    case 'merchant':
      return caller.merchant.keyId;
    case 'operator':
      return caller.operator.keyId ?? ROOT_ID;
  }
}

/** The uuid of the merchant in whose name the caller's requests are transactions; null: in nobody's. */
export function merchantIdOf(caller: Caller): string | null {
  if (caller.kind === 'guest') return caller.guest.merchantId;
  return caller.kind === 'merchant' ? caller.merchant.id : null;
}

/** The kernel's port to whoever keeps the keys. */
export interface Credentials {
  /** Whether it can be said without a look-up of its own whom this key speaks for: it was found, or is being looked up already. */
  knows(bearer: string): boolean;
  /** @returns nobody where the key is malformed, unknown, revoked or expired. */
  identify(bearer: string): Promise<Caller>;
  /** The same by the key's uuid, for what a caller was given in exchange for its key. */
  identifyKey(keyId: string): Promise<Caller>;
}

/** Injection token of `Credentials`. */
export const CREDENTIALS = Symbol('CREDENTIALS');
