/** One finding of validation about one payout. `pointer` is a JSON Pointer inside the item; `detail` says how to mend it. */
export interface Issue {
  readonly code: IssueCode;
  readonly pointer: string;
  readonly detail: string;
  /** With `duplicate_reference`: the payout that holds the reference. */
  readonly existing_id?: string;
}

export const ISSUE_CODES = [
  'missing_field',
  'invalid_field',
  'unknown_field',
  'invalid_characters',
  'masked_value',
  'amount_not_a_string',
  'invalid_amount',
  'amount_not_positive',
  'too_many_decimals',
  'amount_over_limit',
  'bulk_amount_over_limit',
  'daily_amount_over_limit',
  'unknown_currency',
  'invalid_date',
  'unknown_timezone',
  'scheduled_date_in_past',
  'scheduled_date_too_far',
  'unknown_method_type',
  'invalid_iban',
  'invalid_bic',
  'invalid_routing_number',
  'invalid_sort_code',
  'invalid_account_number',
  'invalid_phone_number',
  'invalid_email',
  'raw_card_number',
  'invalid_country',
  'duplicate_reference',
  'no_route',
] as const;
export type IssueCode = (typeof ISSUE_CODES)[number];

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/**
 * What a merchant wrote about one payout, as far as it can be kept: a value of the wrong type, with NUL or with a lone
 * surrogate is null here and an intake issue beside. Nothing in it has been judged.
 */
export interface PayoutContent {
  readonly amount: string | null;
  readonly currency: string | null;
  /** The item's own; null inherits the bulk's. */
  readonly scheduled_date: string | null;
  readonly timezone: string | null;
  readonly payout_method: JsonObject | null;
  readonly billing_data: JsonObject | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** One difference of an edit: `field` is a dotted path (`payout_method.iban`); the receiver's data has no part in it. */
export interface FieldChange {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** The members of each type of `payout_method`, besides `type`. Which of them go together is validation's to judge. */
export const METHOD_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'bank_account',
    ['account_holder', 'iban', 'bic', 'routing_number', 'account_type', 'sort_code', 'country', 'bank_code', 'account_number'],
  ],
  ['mobile_wallet', ['provider', 'phone_number']],
  ['card', ['token']],
  ['paypal', ['email', 'phone_number', 'paypal_id']],
  ['wallet', ['account_id']],
]);

/** The members of `billing_data` that are text; the one that is not is `address`. */
export const BILLING_FIELDS = ['first_name', 'last_name', 'email', 'phone_number'] as const;
export const ADDRESS_FIELDS = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'] as const;
