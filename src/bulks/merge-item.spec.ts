import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { intakeItem } from './intake-item.js';
import { MASK, maskPayoutMethod } from './masking.js';
import { mergeItem } from './merge-item.js';
import type { Issue, PayoutContent } from './payout-content.js';

const content: PayoutContent = {
  amount: '120.50',
  currency: 'EUR',
  scheduled_date: '2026-12-01',
  timezone: 'Europe/Berlin',
  payout_method: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
  billing_data: { first_name: 'Ada', address: { city: 'Berlin', country: 'DE' } },
  metadata: { invoice: 'INV-1', team: 'a' },
};
const previous = { content, issues: [] as Issue[] };

describe('an edit of an item', () => {
  it('that only names it changes nothing', () => {
    expect(mergeItem(previous, { reference: 'INV-1' })).toEqual({ content, issues: [], changed: [] });
  });

  it('replaces texts, and null removes them, so that a date is inherited again', () => {
    const { content: after, changed } = mergeItem(previous, { amount: '7.00', currency: 'USD', scheduled_date: null });
    expect(after).toEqual({ ...content, amount: '7.00', currency: 'USD', scheduled_date: null });
    expect(changed).toEqual([
      { field: 'amount', from: '120.50', to: '7.00' },
      { field: 'currency', from: 'EUR', to: 'USD' },
      { field: 'scheduled_date', from: '2026-12-01', to: null },
    ]);
  });

  it('does not call the same amount in another form a change', () => {
    expect(mergeItem(previous, { amount: '120.5' }).changed).toEqual([]);
  });

  it('merges billing data and metadata to the last level', () => {
    const { content: after } = mergeItem(previous, {
      billing_data: { last_name: 'Lovelace', address: { city: null, line1: 'Unter den Linden 1' } },
      metadata: { team: null, cost_centre: '7' },
    });
    expect(after.billing_data).toEqual({
      first_name: 'Ada',
      last_name: 'Lovelace',
      address: { line1: 'Unter den Linden 1', country: 'DE' },
    });
    expect(after.metadata).toEqual({ invoice: 'INV-1', cost_centre: '7' });
  });

  it('removes whole objects', () => {
    expect(mergeItem(previous, { payout_method: null, billing_data: null, metadata: null }).content).toMatchObject({
      payout_method: null,
      billing_data: null,
      metadata: null,
    });
  });

  it('merges a payout method without type', () => {
    expect(mergeItem(previous, { payout_method: { account_holder: 'A. Lovelace' } }).content.payout_method).toEqual({
      type: 'bank_account',
      iban: 'DE89370400440532013000',
      account_holder: 'A. Lovelace',
    });
  });

  it('replaces a payout method whole when its type is given, the same type too', () => {
    expect(mergeItem(previous, { payout_method: { type: 'card', token: 'tok_1' } }).content.payout_method).toEqual({
      type: 'card',
      token: 'tok_1',
    });
    expect(
      mergeItem(previous, { payout_method: { type: 'bank_account', iban: 'GB29NWBK60161331926819' } }).content.payout_method,
    ).toEqual({
      type: 'bank_account',
      iban: 'GB29NWBK60161331926819',
    });
  });

  it('never takes a masked value for the value that it masks', () => {
    const { content: after, issues } = mergeItem(previous, { payout_method: maskPayoutMethod(content.payout_method ?? {}) });
    expect(issues).toMatchObject([{ code: 'masked_value', pointer: '/payout_method/iban' }]);
    expect(after.payout_method).toEqual({ type: 'bank_account', account_holder: 'Ada Lovelace' });
    expect(mergeItem(previous, { payout_method: { iban: `${MASK}3000` } })).toMatchObject({
      content: { payout_method: { type: 'bank_account', account_holder: 'Ada Lovelace' } },
      issues: [{ code: 'masked_value' }],
    });
  });

  it('keeps the issues about what it does not mend, and adds its own', () => {
    const before = {
      content: { ...content, amount: null },
      issues: [{ code: 'amount_not_a_string', pointer: '/amount', detail: '' } as const],
    };
    expect(mergeItem(before, { currency: 'USD', foo: 1 }).issues.map(({ code }) => code)).toEqual([
      'amount_not_a_string',
      'unknown_field',
    ]);
    expect(mergeItem(before, { amount: '1.00' }).issues).toEqual([]);
    expect(mergeItem(before, { amount: 2 }).issues).toMatchObject([{ code: 'amount_not_a_string' }]);
  });

  it('sees a card number in what was kept before, once a card is paid', () => {
    const before = { content: { ...content, metadata: { order: '4242424242424242' } }, issues: [] };
    const { content: after, issues } = mergeItem(before, { payout_method: { type: 'card', token: 'tok_1' } });
    expect(issues).toMatchObject([{ code: 'raw_card_number', pointer: '/metadata/order' }]);
    expect(after.metadata).toEqual({});
  });

  it('can be called __proto__ without touching anything', () => {
    const patch = JSON.parse('{"__proto__":{"amount":"1"},"metadata":{"__proto__":"x"}}') as Record<string, unknown>;
    const { content: after, issues } = mergeItem(previous, patch);
    expect(after).toEqual(content);
    expect(issues.map(({ pointer }) => pointer)).toEqual(['/__proto__', '/metadata/__proto__']);
  });
});

describe('the difference of an edit', () => {
  it('shows no part of account data, names and addresses', () => {
    const { changed } = mergeItem(previous, {
      payout_method: { iban: 'GB29NWBK60161331926819', account_holder: 'Grace Hopper' },
      billing_data: { first_name: 'Grace', address: { city: 'Arlington' } },
      metadata: { team: 'b' },
    });
    expect(changed).toEqual([
      { field: 'payout_method.iban', from: MASK, to: MASK },
      { field: 'payout_method.account_holder', from: MASK, to: MASK },
      { field: 'billing_data.first_name', from: MASK, to: MASK },
      { field: 'billing_data.address.city', from: MASK, to: MASK },
      { field: 'metadata.team', from: 'a', to: 'b' },
    ]);
  });

  it('tells a replaced method member by member', () => {
    expect(mergeItem(previous, { payout_method: { type: 'card', token: 'tok_12345' } }).changed).toEqual([
      { field: 'payout_method.type', from: 'bank_account', to: 'card' },
      { field: 'payout_method.iban', from: MASK, to: null },
      { field: 'payout_method.account_holder', from: MASK, to: null },
      { field: 'payout_method.token', from: null, to: MASK },
    ]);
  });
});

describe('any edit', () => {
  it('gives what a create of the merged item would have given, and never throws', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('amount', 'metadata', 'billing_data', 'payout_method', 'x'), fc.jsonValue()),
        (patch) => {
          const merged = mergeItem(previous, patch);
          const again = intakeItem({ reference: 'R', ...merged.content });
          expect('refusal' in again ? again.refusal : again.content).toEqual(merged.content);
        },
      ),
    );
  });

  it('as deep as a request can be is no fall of the stack', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 100_000; level += 1) deep = { metadata: deep };
    expect(mergeItem(previous, deep as Record<string, unknown>).issues).not.toEqual([]);
  });
});
