import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isStorable } from '../platform/text/index.js';
import { intakeItem, issuesAfterEdit } from './intake-item.js';
import { MASK } from './masking.js';

const CARD = '4242424242424242';
const NUL = 'a\u0000b';
const LONE = 'a\ud800b';

const bankAccount = { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' };
const item = {
  reference: 'INV-1',
  amount: '120.5',
  currency: 'EUR',
  scheduled_date: '2026-12-01',
  timezone: 'Europe/Berlin',
  payout_method: bankAccount,
  billing_data: { first_name: 'Ada', address: { city: 'Berlin', country: 'DE' } },
  metadata: { invoice: 'INV-1' },
};

function taken(value: unknown): Exclude<ReturnType<typeof intakeItem>, { refusal: unknown }> {
  const result = intakeItem(value);
  if ('refusal' in result) throw new Error(`refused: ${result.refusal.detail}`);
  return result;
}

/** What was not kept, as `code pointer`. */
const findings = (value: object): string[] =>
  taken({ reference: 'R', ...value }).issues.map(({ code, pointer }) => `${code} ${pointer}`);

describe('an item', () => {
  it('is kept as it was given', () => {
    const { reference, ...content } = item;
    expect(intakeItem(item)).toEqual({ reference, content, issues: [] });
  });

  it('may lack everything but its reference, and null is the same as leaving out', () => {
    const nothing = {
      amount: null,
      currency: null,
      scheduled_date: null,
      timezone: null,
      payout_method: null,
      billing_data: null,
      metadata: null,
    };
    expect(taken({ reference: 'R' })).toEqual({ reference: 'R', content: nothing, issues: [] });
    expect(taken({ reference: 'R', ...nothing, other: null })).toEqual({ reference: 'R', content: nothing, issues: [] });
  });

  it.each([null, undefined, 1, 'text', true, [], [item]])('is refused where it is no object: %p', (value) => {
    expect(intakeItem(value)).toMatchObject({ refusal: { pointer: '', code: 'invalid_field' } });
  });

  it.each([undefined, null])('is refused without a reference: %p', (reference) => {
    expect(intakeItem({ ...item, reference })).toMatchObject({ refusal: { pointer: '/reference', code: 'missing_field' } });
  });

  it.each(['', 'x'.repeat(101), '😀'.repeat(101), 'a\nb', 'a\u007fb', 'a\u0085b', NUL, LONE, 5, {}, []])(
    'is refused with the reference %p',
    (reference) => {
      expect(intakeItem({ ...item, reference })).toMatchObject({ refusal: { pointer: '/reference', code: 'invalid_field' } });
    },
  );

  it.each(['x', 'x'.repeat(100), '😀'.repeat(100), ' ', 'Ä/~"', '__proto__', CARD])('may have the reference %p', (reference) => {
    expect(taken({ ...item, reference }).reference).toBe(reference);
  });
});

describe('a value that can not be kept', () => {
  it('is an issue for a number, boolean or object as amount', () => {
    for (const amount of [120.5, true, {}, []]) expect(findings({ amount })).toEqual(['amount_not_a_string /amount']);
    expect(taken({ reference: 'R', amount: 120.5 }).content.amount).toBeNull();
  });

  it('is an issue for each text of another type', () => {
    expect(findings({ currency: 978, scheduled_date: 20261201, timezone: true })).toEqual([
      'invalid_field /currency',
      'invalid_field /scheduled_date',
      'invalid_field /timezone',
    ]);
    expect(findings({ payout_method: 'iban', billing_data: [], metadata: 'x' })).toEqual([
      'invalid_field /payout_method',
      'invalid_field /billing_data',
      'invalid_field /metadata',
    ]);
    expect(findings({ payout_method: { ...bankAccount, iban: 1 }, billing_data: { first_name: {}, address: 'Berlin' } })).toEqual(
      ['invalid_field /payout_method/iban', 'invalid_field /billing_data/first_name', 'invalid_field /billing_data/address'],
    );
  });

  it('is an issue for NUL and lone surrogates', () => {
    for (const text of [NUL, LONE]) {
      const value = {
        currency: text,
        payout_method: { ...bankAccount, account_holder: text },
        billing_data: { address: { city: text } },
        metadata: { a: text },
      };
      expect(findings(value)).toEqual([
        'invalid_characters /currency',
        'invalid_characters /payout_method/account_holder',
        'invalid_characters /billing_data/address/city',
        'invalid_characters /metadata/a',
      ]);
    }
  });

  it('is an issue for what is longer than 500 characters, counted in code points', () => {
    expect(findings({ billing_data: { first_name: 'x'.repeat(501), last_name: '😀'.repeat(500) } })).toEqual([
      'invalid_field /billing_data/first_name',
    ]);
  });

  it('leaves everything beside it as it was', () => {
    const { content } = taken({ ...item, amount: 1, payout_method: { ...bankAccount, iban: 1 } });
    expect(content).toMatchObject({ currency: 'EUR', payout_method: { type: 'bank_account', account_holder: 'Ada Lovelace' } });
    expect(content.payout_method).not.toHaveProperty('iban');
  });

  it('is an issue for a mask that an answer showed', () => {
    expect(findings({ payout_method: { ...bankAccount, iban: `${MASK}3000` } })).toEqual(['masked_value /payout_method/iban']);
  });
});

describe('an unknown member', () => {
  it('is an issue at every level and is not kept', () => {
    const value = {
      ammount: '1',
      payout_method: { ...bankAccount, token: 'x' },
      billing_data: { nick: 'A', address: { zip: '1', 'a/b~c': 1 } },
    };
    expect(findings(value)).toEqual([
      'unknown_field /ammount',
      'unknown_field /payout_method/token',
      'unknown_field /billing_data/nick',
      'unknown_field /billing_data/address/zip',
      'unknown_field /billing_data/address/a~1b~0c',
    ]);
  });

  it('may be called __proto__ or constructor without touching anything', () => {
    const parsed: unknown = JSON.parse(
      '{"reference":"R","__proto__":{"amount":"1"},"constructor":"x","metadata":{"__proto__":"x","constructor":"y"}}',
    );
    const { content, issues } = taken(parsed);
    expect(issues.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'unknown_field /__proto__',
      'unknown_field /constructor',
      'invalid_field /metadata/__proto__',
    ]);
    expect(Object.entries(content.metadata ?? {})).toEqual([['constructor', 'y']]);
    expect(content.amount).toBeNull();
  });

  it('is named up to twenty times, and the last says how many more there are', () => {
    const { issues } = taken({
      reference: 'R',
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1])),
    });
    expect(issues).toHaveLength(20);
    expect(issues.at(-1)?.detail).toContain('980 more');
  });

  it('is named in a form that can be stored and is not long', () => {
    const { issues } = taken({ reference: 'R', [NUL]: 1, [LONE]: 1, ['x'.repeat(10_000)]: 1, [CARD]: 1 });
    for (const { pointer } of issues) {
      expect(isStorable(pointer)).toBe(true);
      expect(pointer.length).toBeLessThan(70);
      expect(pointer).not.toContain(CARD);
    }
  });
});

describe('metadata', () => {
  it('has at most 50 entries of text up to 500 characters under keys up to 40', () => {
    const entries = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
    expect(findings({ metadata: entries(50) })).toEqual([]);
    expect(findings({ metadata: entries(51) })).toEqual(['invalid_field /metadata']);
    expect(findings({ metadata: { ['k'.repeat(40)]: 'v'.repeat(500), '': '' } })).toEqual([]);
    expect(findings({ metadata: { a: 'v'.repeat(501), b: 1, c: {}, d: null } })).toEqual([
      'invalid_field /metadata/a',
      'invalid_field /metadata/b',
      'invalid_field /metadata/c',
    ]);
    expect(taken({ reference: 'R', metadata: { ['k'.repeat(41)]: 'v', kept: 'v' } })).toMatchObject({
      content: { metadata: { kept: 'v' } },
      issues: [{ code: 'invalid_field' }],
    });
  });
});

describe('a raw card number', () => {
  it.each([
    ['the token', { payout_method: { type: 'card', token: CARD } }, '/payout_method/token'],
    ['an unknown member of a card', { payout_method: { type: 'card', secret: CARD } }, '/payout_method/secret'],
    ['a number that is no text', { payout_method: { type: 'card', number: Number(CARD) } }, '/payout_method/number'],
    ['a method without type', { payout_method: { account_number: CARD } }, '/payout_method/account_number'],
    [
      'a method of unknown type',
      { payout_method: { type: 'debit_card', account_number: CARD } },
      '/payout_method/account_number',
    ],
    ['a card_number anywhere', { payout_method: { ...bankAccount, card_number: CARD } }, '/payout_method/card_number'],
    ['a pan at the item', { pan: '4242 4242 4242 4242' }, '/pan'],
    ['metadata under such a name', { metadata: { number: CARD } }, '/metadata/number'],
    ['metadata of a card', { payout_method: { type: 'card' }, metadata: { note: `paid ${CARD}` } }, '/metadata/note'],
    ['a name of a card', { payout_method: { type: 'card' }, billing_data: { last_name: CARD } }, '/billing_data/last_name'],
  ])('is refused and not kept in %s', (_, value, pointer) => {
    const { content, issues } = taken({ reference: 'R', ...value });
    expect(issues).toMatchObject([{ code: 'raw_card_number', pointer }]);
    expect(JSON.stringify({ content, issues })).not.toContain('4242');
  });

  it('as the reference of a card is refused with the item', () => {
    expect(intakeItem({ reference: CARD, payout_method: { type: 'card', token: 'tok_1' } })).toMatchObject({
      refusal: { pointer: '/reference', code: 'raw_card_number', detail: expect.not.stringContaining(CARD) },
    });
  });

  it('is not seen in account numbers, phone numbers, ids, references and notes of other methods', () => {
    const value = {
      payout_method: { type: 'bank_account', country: 'BR', bank_code: '001', account_number: CARD, account_holder: 'A' },
      metadata: { order: CARD },
    };
    expect(intakeItem({ reference: CARD, ...value })).toMatchObject({ content: value, issues: [] });
    expect(findings({ payout_method: { type: 'wallet', account_id: CARD } })).toEqual([]);
  });
});

describe('an issue about what could not be kept', () => {
  const left = (value: object, patch: object): string[] =>
    issuesAfterEdit(taken({ reference: 'R', ...value }).issues, patch as Record<string, unknown>).map(({ pointer }) => pointer);

  it('outlives an edit that says nothing of its member', () => {
    expect(left({ amount: 1, foo: 1 }, { currency: 'EUR' })).toEqual(['/foo', '/amount']);
    expect(left({ payout_method: { ...bankAccount, bar: 1 } }, { payout_method: { iban: 'x' } })).toEqual(['/payout_method/bar']);
  });

  it('ends with an edit of its member, or of an object around it', () => {
    expect(left({ amount: 1, foo: 1 }, { amount: '1.00', foo: null })).toEqual([]);
    expect(left({ metadata: { a: 1 } }, { metadata: null })).toEqual([]);
    expect(left({ metadata: { a: 1 } }, { metadata: 'text' })).toEqual([]);
    expect(left({ billing_data: { address: 'x' } }, { billing_data: { address: { city: 'Berlin' } } })).toEqual([]);
    expect(left({ 'a/b~c': 1, [NUL]: 1 }, { 'a/b~c': null, [NUL]: null })).toEqual([]);
  });

  it('stays for another member that is shown by the same name', () => {
    const [one, two] = [`${'k'.repeat(60)}-one`, `${'k'.repeat(60)}-two`];
    const metadata = { [one]: 1, [two]: 1 };
    expect(left({ metadata }, { metadata: { [one]: null } })).toEqual([`/metadata/${'k'.repeat(60)}…`]);
    expect(left({ metadata }, { metadata: { [one]: null, [two]: '2' } })).toEqual([]);
    expect(left({ metadata }, { metadata: null })).toEqual([]);
  });

  it('ends with a payout method that replaces the one before', () => {
    expect(left({ payout_method: { ...bankAccount, bar: 1 } }, { payout_method: { type: 'card', token: 't' } })).toEqual([]);
    expect(left({ payout_method: 5 }, { payout_method: { type: 'card', token: 't' } })).toEqual([]);
  });
});

describe('any JSON value', () => {
  it('is an item or refused, never a throw, and what is kept can be stored', () => {
    const members = Object.fromEntries(
      Object.keys(item).map((name) => [name, fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.string({ unit: 'binary' }))]),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ ...members, reference: fc.string({ minLength: 1 }) }, { requiredKeys: [] })),
        (value) => {
          const result = intakeItem(JSON.parse(JSON.stringify(value)));
          if ('refusal' in result) return;
          JSON.stringify(result, (name, member: unknown) => {
            expect(isStorable(name) && (typeof member !== 'string' || isStorable(member))).toBe(true);
            return member;
          });
          expect(new Set(result.issues.map(({ pointer }) => pointer)).size).toBe(result.issues.length);
        },
      ),
    );
  });
});
