import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from './payout-content.js';
import { accountOf, receiverTextOf } from './receiver.js';

const iban = (value: string, more: JsonObject = {}): JsonObject => ({ type: 'bank_account', iban: value, ...more });

describe('a receiver', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['spaces and case', iban('DE89370400440532013000'), iban('de89 3704 0044 0532 0130 00')],
    ['the name of the holder', iban('DE89', { account_holder: 'Ada' }), iban('DE89', { account_holder: 'A. Lovelace' })],
    ['the name of the bank', iban('DE89'), iban('DE89', { bic: 'COBADEFFXXX' })],
    ['signs in a phone', wallet('+49 (30) 123-456'), wallet('+4930123456')],
    ['the case of an e-mail', { type: 'paypal', email: 'Ada@Example.com' }, { type: 'paypal', email: 'ada@example.com' }],
  ])('is the same whatever %s', (_what, one, other) => {
    expect(accountOf(one)).not.toBeNull();
    expect(accountOf(one)).toBe(accountOf(other));
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['account', iban('DE89'), iban('DE90')],
    ['bank', us('021000021', '1234'), us('011401533', '1234')],
    ['token', { type: 'card', token: 'tok_a' }, { type: 'card', token: 'tok_A' }],
    ['provider of the same phone', wallet('+4930'), { ...wallet('+4930'), provider: 'another' }],
    ['type of the same name', { type: 'wallet', account_id: 'x' }, { type: 'paypal', paypal_id: 'x' }],
  ])('is another for another %s', (_what, one, other) => {
    expect(accountOf(one)).not.toBe(accountOf(other));
  });

  it('is the payout itself where no account can be read, and nobody where nothing is personal', () => {
    const billing_data = { first_name: 'Ada' };
    const texts = ['one', 'other'].map((id) => receiverTextOf(id, { payout_method: { type: 'card' }, billing_data }));
    expect(new Set(texts).size).toBe(2);
    expect(receiverTextOf('one', { payout_method: null, billing_data })).toBe(texts[0]);
    expect(receiverTextOf('one', { payout_method: null, billing_data: null })).toBeNull();
  });
});

function wallet(phone_number: string): JsonObject {
  return { type: 'mobile_wallet', provider: 'mpesa', phone_number };
}
function us(routing_number: string, account_number: string): JsonObject {
  return { type: 'bank_account', routing_number, account_number };
}
