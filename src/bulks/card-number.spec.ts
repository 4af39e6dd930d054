import { describe, expect, it } from '@jest/globals';
import { looksLikeCardNumber, namesCardNumber } from './card-number.js';

describe('a card number', () => {
  it.each([
    ...['4242424242424242', '4111111111111111', '4222222222222', '5555555555554444', '2223003122003222', '5105105105105100'],
    ...['378282246310005', '30569309025904', '6011111111111117', '6011000990139424', '3530111333300000', '6200000000000005'],
    ...['5019717010103742', '6759649826438453', '2200000000000004'],
  ])('of a network is one: %s', (number) => expect(looksLikeCardNumber(number)).toBe(true));

  it.each([
    ...[
      '4242 4242 4242 4242',
      '4242-4242-4242-4242',
      '4242.4242.4242.4242',
      '4242\u00a04242\u00a04242\u00a04242',
      '4242\u20134242\u20134242\u20134242',
    ],
    ...[
      ' 4242424242424242 ',
      '4242 4242 4242 4242 12/28 123',
      'card: 4242424242424242, exp 12/28',
      '3782 822463 10005',
      '４２４２４２４２４２４２４２４２',
    ],
    ...['4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2', 'pan=4242424242424242;cvc=123', '12 4242 4242 4242 4242'],
  ])('is seen as people write it: "%s"', (text) => expect(looksLikeCardNumber(text)).toBe(true));

  it.each([
    ['fails the Luhn check', '4242424242424243'],
    ['is of no network', '1234567890123452'],
    ['is an IBAN', 'DE89370400440532013000'],
    ['is a printed IBAN', 'DE89 3704 0044 0532 0130 00'],
    ['is a phone number', '+4915112345678'],
    ['is a mobile number whose digits pass', '+4222222222222'],
    ['is a token', 'tok_4242424242424242'],
    ['is part of a word', 'INV4242424242424242'],
    ['is part of a longer number', '42424242424242424242'],
    ['is an instant', '2026-12-01T09:00:00.000Z'],
    ['is a UUID', '41111111-1111-4111-8111-111111111111'],
    ['is short', '424242424242'],
    ['is empty', ''],
  ])('is not what %s', (_, text) => expect(looksLikeCardNumber(text)).toBe(false));

  it('is found in bounded time, whatever the text', () => {
    for (const piece of ['4', '4 ', '4 a', '4-', '42424 '])
      expect(typeof looksLikeCardNumber(piece.repeat(5000))).toBe('boolean');
  });
});

describe('a name of a card number', () => {
  it.each(['number', 'pan', 'PAN', 'card_number', 'cardNumber', 'card-number', 'card', 'Credit Card Number'])('is "%s"', (name) =>
    expect(namesCardNumber(name)).toBe(true),
  );
  it.each(['account_number', 'phone_number', 'routing_number', 'invoice_number', 'company', 'reference', ''])(
    'is not "%s"',
    (name) => expect(namesCardNumber(name)).toBe(false),
  );
});
