import type { IssueCode } from '../../src/bulks/index.js';
import { METHODS } from './items.js';

/** One thing wrong about a payout that is valid otherwise, and what validation has to say about it. */
export interface WrongItem {
  readonly code: IssueCode;
  readonly pointer: string;
  readonly overrides: Readonly<Record<string, unknown>>;
}

const bank = (members: Readonly<Record<string, unknown>>): { payout_method: object } => ({
  payout_method: { type: 'bank_account', account_holder: 'Ada Lovelace', ...members },
});

const wrong = (code: IssueCode, pointer: string, overrides: Readonly<Record<string, unknown>>): WrongItem => ({
  code,
  pointer,
  overrides,
});

/** The merchant of these has a limit of 1000.00 EUR and a connector that pays no CHF. */
export const WRONG_ITEMS: readonly WrongItem[] = [
  wrong('missing_field', '/amount', { amount: undefined }),
  wrong('missing_field', '/currency', { currency: null }),
  wrong('missing_field', '/payout_method', { payout_method: undefined }),
  wrong('missing_field', '/payout_method/account_holder', { payout_method: { type: 'bank_account', iban: METHODS.iban.iban } }),
  wrong('missing_field', '/payout_method/token', { payout_method: { type: 'card' } }),
  wrong('invalid_field', '/billing_data', { billing_data: 'Ada' }),
  wrong('invalid_field', '/metadata/key', { metadata: { key: 1 } }),
  wrong('invalid_field', '/scheduled_date', { scheduled_date: 20261201 }),
  wrong('unknown_field', '/ammount', { ammount: '1.00' }),
  wrong('unknown_field', '/payout_method/iBAN', { payout_method: { ...METHODS.iban, iBAN: 'DE' } }),
  wrong('unknown_field', '/status', { status: 'PROCESSED' }),
  wrong('invalid_characters', '/billing_data/first_name', { billing_data: { first_name: 'A\u0000da' } }),
  wrong('invalid_characters', '/metadata/key', { metadata: { key: '\udc00' } }),
  wrong('amount_not_a_string', '/amount', { amount: 120.5 }),
  wrong('invalid_amount', '/amount', { amount: '-1.00' }),
  wrong('invalid_amount', '/amount', { amount: '1e3' }),
  wrong('invalid_amount', '/amount', { amount: '1,000.00' }),
  wrong('invalid_amount', '/amount', { amount: '1234567890123456' }),
  wrong('invalid_amount', '/amount', { amount: '' }),
  wrong('amount_not_positive', '/amount', { amount: '0.00' }),
  wrong('too_many_decimals', '/amount', { amount: '1.005' }),
  wrong('too_many_decimals', '/amount', { amount: '100.0', currency: 'JPY' }),
  wrong('too_many_decimals', '/amount', { amount: '1.0005', currency: 'TND' }),
  wrong('amount_over_limit', '/amount', { amount: '1000.01' }),
  wrong('unknown_currency', '/currency', { currency: 'EURO' }),
  wrong('unknown_currency', '/currency', { currency: 'eur' }),
  wrong('unknown_currency', '/currency', { currency: 'XXX' }),
  wrong('invalid_date', '/scheduled_date', { scheduled_date: '2027-02-30' }),
  wrong('invalid_date', '/scheduled_date', { scheduled_date: 'tomorrow' }),
  wrong('unknown_timezone', '/timezone', { timezone: 'Europe/Atlantis' }),
  wrong('scheduled_date_in_past', '/scheduled_date', { scheduled_date: '2020-01-01T00:00:00Z' }),
  wrong('scheduled_date_too_far', '/scheduled_date', { scheduled_date: '2999-01-01T00:00:00Z' }),
  wrong('unknown_method_type', '/payout_method/type', { payout_method: { type: 'pigeon' } }),
  wrong('invalid_iban', '/payout_method/iban', bank({ iban: 'DE89370400440532013001' })),
  wrong('invalid_iban', '/payout_method/iban', bank({ iban: 'DE8937040044053201300' })),
  wrong('invalid_bic', '/payout_method/bic', bank({ iban: METHODS.iban.iban, bic: 'COBADEFFXX' })),
  wrong('invalid_routing_number', '/payout_method/routing_number', {
    payout_method: { ...METHODS.us, routing_number: '021000022' },
  }),
  wrong('invalid_sort_code', '/payout_method/sort_code', { payout_method: { ...METHODS.gb, sort_code: '20000' } }),
  wrong('invalid_account_number', '/payout_method/account_number', {
    payout_method: { ...METHODS.gb, account_number: '1234567' },
  }),
  wrong('invalid_phone_number', '/payout_method/phone_number', {
    payout_method: { ...METHODS.mobile_wallet, phone_number: '+2547' },
  }),
  wrong('invalid_phone_number', '/billing_data/phone_number', { billing_data: { phone_number: '030 12345678' } }),
  wrong('invalid_email', '/payout_method/email', { payout_method: { type: 'paypal', email: 'ada at example.com' } }),
  wrong('invalid_email', '/billing_data/email', { billing_data: { email: 'ada@' } }),
  wrong('raw_card_number', '/payout_method/token', { payout_method: { type: 'card', token: '4242 4242 4242 4242' } }),
  wrong('raw_card_number', '/payout_method/card_number', {
    payout_method: { type: 'card', token: 'tok_1', card_number: '4242424242424242' },
  }),
  wrong('invalid_country', '/billing_data/address/country', { billing_data: { address: { country: 'UK' } } }),
  wrong('no_route', '/payout_method/type', { amount: '10.00', currency: 'CHF' }),
];
