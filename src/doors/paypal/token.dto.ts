/** As OAuth 2 asks for a token (RFC 6749 section 4.4). */
export class GrantTokenDto {
  readonly grant_type!: 'client_credentials';
}

export class TokenDto {
  /** @example https://uri.paypal.com/services/payments/payouts */
  readonly scope!: string;
  /** @example A21AA… */
  readonly access_token!: string;
  readonly token_type!: 'Bearer';
  /** @example APP-TRANCHE */
  readonly app_id!: string;
  /**
   * Seconds.
   * @example 32400
   */
  readonly expires_in!: number;
}

/** As OAuth 2 writes a refusal (RFC 6749 section 5.2), which is not the way of PayPal's other errors. */
export class TokenRefusalDto {
  readonly error!: 'invalid_client' | 'unsupported_grant_type';
  /** @example "Client Authentication failed" */
  readonly error_description!: string;
}
