/** Where something is to be found. */
export class LinkDto {
  /** @example http://127.0.0.1:3000/v1/payments/payouts/01kb4n3w2ze3rbz4jrd9qk6v1x */
  readonly href!: string;
  readonly rel!: 'self' | 'item' | 'batch';
  readonly method!: 'GET';
  readonly encType!: 'application/json';
}

/** One fault of a request. */
export class DetailDto {
  /** @example items[1].amount.value */
  readonly field!: string;
  readonly location!: 'body' | 'path' | 'query';
  /** @example DECIMAL_PRECISION */
  readonly issue!: string;
  /** @example "Send a decimal string with no more decimals than the currency has." */
  readonly description?: string;
  /** The batch in the way. Singular, as PayPal writes it. */
  readonly link?: LinkDto[];
}

/** A refusal, as PayPal shapes it. */
export class ErrorDto {
  /** @example VALIDATION_ERROR */
  readonly name!: string;
  /** @example "Invalid request - see details." */
  readonly message!: string;
  /**
   * Also in the header `Request-Id`; the operator finds it in the log.
   * @example req_01kb4n3w2ze3rbz4jrd9qk6v1x
   */
  readonly debug_id!: string;
  /** @example https://developer.paypal.com/docs/api/payments.payouts-batch/v1/#errors */
  readonly information_link!: string;
  readonly details!: DetailDto[];
  readonly links!: LinkDto[];
}
