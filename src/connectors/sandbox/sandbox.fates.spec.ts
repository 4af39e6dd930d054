import { describe, expect, it } from '@jest/globals';
import { FATES, fateOf, stateAt } from './sandbox.fates.js';

const bank = { type: 'bank_account' };

describe('the fate of an amount', () => {
  it.each([
    ['90.01', 'succeeds_later'],
    ['9001', 'succeeds_later'],
    ['9.001', 'succeeds_later'],
    ['1290.01', 'succeeds_later'],
    ['90.02', 'refused_account_closed'],
    ['90.03', 'refused_limit_exceeded'],
    ['90.04', 'fails_later'],
    ['90.05', 'returned_later'],
    ['90.06', 'never_answers'],
    ['90.07', 'answers_500'],
    ['90.08', 'slow'],
    ['90.09', 'busy_twice'],
    ['90.10', 'refused_user_action_required'],
    ['90.11', 'stays_pending'],
    ['90.12', 'unclaimed'],
    ['90.13', 'succeeds'],
    ['90010.00', 'succeeds'],
    ['0.01', 'succeeds'],
  ])('of %s is %s', (amount, fate) => {
    expect(fateOf({ amount, payoutMethod: bank })).toBe(fate);
  });

  it.each([
    [{ email: 'ada@example.com' }, true],
    [{ email: 'Ada@EXAMPLE.org' }, true],
    [{ email: 'ada@example.net' }, true],
    [{ email: 'ada@example.de' }, false],
    [{ email: 'ada@mail.example.com' }, false],
    [{ email: 'ada@notexample.com' }, false],
    [{ phone_number: '+12125550123' }, true],
    [{ phone_number: '+12125550223' }, false],
    [{ phone_number: '+442125550123' }, false],
    [{ paypal_id: 'KNOWN123' }, true],
    [{ paypal_id: 'known123' }, false],
    [{}, false],
  ])('at PayPal of %j: known is %s', (receiver, known) => {
    expect(fateOf({ amount: '120.50', payoutMethod: { type: 'paypal', ...receiver } })).toBe(known ? 'succeeds' : 'unclaimed');
  });

  it('is chosen by the amount even for a receiver that nobody knows', () => {
    expect(fateOf({ amount: '90.02', payoutMethod: { type: 'paypal', email: 'x@y.example' } })).toBe('refused_account_closed');
  });
});

describe('a payment of the sandbox', () => {
  it.each([
    ['succeeds_later', 'pending', 'succeeded', null],
    ['fails_later', 'pending', 'failed', 'receiver_blocked'],
    ['returned_later', 'succeeded', 'returned', 'returned_by_bank'],
  ] as const)('of the fate %s is %s for one second, then %s', (...[fate, first, then, code]) => {
    expect(stateAt(fate, 0)).toEqual({ status: first, failure: null, checkAfter_ms: 1_000 });
    expect(stateAt(fate, 999.5)).toMatchObject({ status: first, checkAfter_ms: 1 });
    for (const age_ms of [1_000, 1e9]) {
      expect(stateAt(fate, age_ms)).toMatchObject({ status: then, checkAfter_ms: null });
      expect(stateAt(fate, age_ms).failure?.code ?? null).toBe(code);
    }
  });

  it('has a refusal exactly for the fates that are refused', () => {
    const refused = Object.entries(FATES).filter(([, fate]) => fate.refusal !== null);
    expect(refused.map(([name, fate]) => [name, fate.refusal?.code, fate.refusal?.retryable])).toEqual([
      ['refused_account_closed', 'account_closed', false],
      ['refused_limit_exceeded', 'limit_exceeded', true],
      ['refused_user_action_required', 'user_action_required', false],
    ]);
  });

  it('that stays pending, or is unclaimed, stays so', () => {
    expect(stateAt('stays_pending', 1e9).status).toBe('pending');
    expect(stateAt('unclaimed', 1e9).status).toBe('unclaimed');
  });
});
