import { describe, expect, it } from '@jest/globals';
import { clearOfAccountData, cutToStorable } from './account-data.js';

const account = {
  payoutMethod: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace', bic: 'COBADEFFXXX' },
  billingData: {
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: 'ada@example.com',
    address: { line1: 'Unter den Linden 1 (c/o [x])', country: 'DE' },
  },
};
const clear = (text: string): string => clearOfAccountData(text, account);

describe('what a provider says of a payout', () => {
  it('loses the account number, however it is spaced and in whatever case', () => {
    expect(clear('IBAN DE89370400440532013000 is closed')).toBe('IBAN [removed] is closed');
    expect(clear('IBAN DE89 3704 0044 0532 0130 00 is closed')).toBe('IBAN [removed] is closed');
    expect(clear('iban de89-3704-0044-0532-0130-00!')).toBe('iban [removed]!');
  });

  it('loses names, addresses and e-mails, at any depth', () => {
    expect(clear('ADA LOVELACE <ada@example.com>, Unter den Linden 1 (c/o [x])')).toBe('[removed] <[removed]>, [removed]');
    expect(clear('Mrs Lovelace')).toBe('Mrs [removed]');
  });

  it('leaves no rest of a long value where a short one is part of it', () => {
    expect(clear('Ada Lovelace')).not.toContain('Ada');
  });

  it('keeps words that are not about the receiver', () => {
    expect(clear('A bank_account in DE can not be paid, Ada')).toBe('A bank_account in DE can not be paid, Ada');
  });

  it('is cut at 500 code points after it is cleared, so that no half of a number is left at the end', () => {
    const text = clear(`${'x'.repeat(490)} DE89370400440532013000 and more`);
    expect(text).toHaveLength(500);
    expect(text).not.toContain('DE89');
    expect([...cutToStorable('😀'.repeat(600))]).toHaveLength(500);
  });

  it('can be stored: without NUL, control characters and lone surrogates', () => {
    expect(cutToStorable('a\u0000b\nc\ud800d')).toBe('a b c d');
  });

  it('takes values of signs that mean something in a pattern, and payouts without billing data', () => {
    const odd = { payoutMethod: { type: 'wallet', account_id: '*.+?^${}()|[]\\' }, billingData: null };
    expect(clearOfAccountData('id *.+?^${}()|[]\\ is unknown', odd)).toBe('id [removed] is unknown');
    expect(clearOfAccountData('anything else', odd)).toBe('anything else');
  });

  it('takes values of separators alone', () => {
    const odd = { payoutMethod: { type: 'wallet', account_id: '- - - -' }, billingData: null };
    expect(clearOfAccountData('a b - c - - - - d', odd)).toBe('a b - c [removed] d');
  });
});
