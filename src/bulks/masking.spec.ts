import { describe, expect, it } from '@jest/globals';
import { isMasked, maskAccount, maskPayoutMethod } from './masking.js';

describe('a masked account', () => {
  it.each([
    ['DE89370400440532013000', '••••3000'],
    ['12345678', '••••5678'],
    ['+254 712 345 678', '••••5678'],
    ['1234', '••••'],
    ['', '••••'],
    ['ada@example.com', '••••@example.com'],
    ['@ada-lovelace-1815', '••••1815'],
    ['@ada', '••••'],
    ['abcd😀😀😀😀', '••••😀😀😀😀'],
  ])('of "%s" is "%s"', (value, masked) => expect(maskAccount(value)).toBe(masked));

  it('hides where the money goes and shows names and banks', () => {
    expect(
      maskPayoutMethod({
        type: 'bank_account',
        iban: 'DE89370400440532013000',
        bic: 'COBADEFFXXX',
        account_holder: 'Ada Lovelace',
      }),
    ).toEqual({
      type: 'bank_account',
      iban: '••••3000',
      bic: 'COBADEFFXXX',
      account_holder: 'Ada Lovelace',
    });
    expect(maskPayoutMethod({ type: 'card', token: 'tok_visa_1234' })).toEqual({ type: 'card', token: '••••1234' });
    expect(maskPayoutMethod({ type: 'mobile_wallet', provider: 'mpesa', phone_number: '+254712345678' })).toEqual({
      type: 'mobile_wallet',
      provider: 'mpesa',
      phone_number: '••••5678',
    });
    expect(maskPayoutMethod({ type: 'wallet', account_id: 'wallet-98765' })).toEqual({ type: 'wallet', account_id: '••••8765' });
  });

  it('is recognised when it is sent back, in whatever form of mask', () => {
    for (const value of ['••••3000', '•3000', '****3000', '**', '●●●●3000', '••••@example.com'])
      expect(isMasked('iban', value)).toBe(true);
    for (const value of ['DE89370400440532013000', '3000', 'XXXX3000']) expect(isMasked('iban', value)).toBe(false);
  });

  it('is no mask outside account fields', () => expect(isMasked('account_holder', '••••')).toBe(false));

  it('is recognised for every value that is masked', () => {
    for (const value of ['', '1', '12345', 'a@b', 'DE89370400440532013000'])
      expect(isMasked('iban', maskAccount(value))).toBe(true);
  });
});
