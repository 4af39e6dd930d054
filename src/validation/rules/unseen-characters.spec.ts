import { describe, expect, it } from '@jest/globals';
import { takeItems } from '../../bulks/index.js';
import { judgePayout } from '../judge-payout.js';

/** The findings about a method that looks right. */
function faults(payout_method: object): string[] {
  const [taken] = takeItems([{ reference: 'INV-1', amount: '1.00', currency: 'EUR', payout_method }]);
  const { issues } = judgePayout(taken!.content, taken!.issues, {
    acceptedAt: new Date(),
    judgedAt: new Date(),
    bulk: { scheduled_date: null, timezone: null },
    merchantTimezone: null,
    limits: new Map(),
    routes: () => true,
  });
  return issues.map(({ code, pointer }) => `${code} ${pointer.replace('/payout_method/', '')}`);
}

const bank = (account_holder: string): object => ({ type: 'bank_account', iban: 'DE89370400440532013000', account_holder });

describe('what nobody sees', () => {
  it.each(['ada\u200b@example.com', 'ada\u202emoc@example.com', 'a.\u00adda@example.com'])('is in no e-mail: %j', (email) =>
    expect(faults({ type: 'paypal', email })).toEqual(['invalid_email email']),
  );

  it.each(['w-1 ', '\u00a0w-1', 'w\u200b1', 'w\u202e1'])('is in no id of a wallet: %j', (account_id) =>
    expect(faults({ type: 'wallet', account_id })).toEqual(['invalid_characters account_id']),
  );

  it.each(['\u200b', '\u2060 \u00a0'])('is not all of a name or an id: %j', (text) => {
    expect(faults(bank(text))).toEqual(['invalid_field account_holder']);
    expect(faults({ type: 'wallet', account_id: text })).toEqual(['invalid_field account_id']);
  });

  it('may be inside a name, where scripts need it, and a blank inside an id', () => {
    expect(faults(bank('\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'))).toEqual([]);
    expect(faults({ type: 'wallet', account_id: '@ada 1815' })).toEqual([]);
  });
});
