import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PayoutContent, takeItems } from '../bulks/index.js';
import { type Judgement, judgePayout } from './judge-payout.js';
import { smallestLimits } from './payout-limits.js';
import type { JudgementContext } from './rule.js';

const accepted = '2026-11-21T10:00:00Z';
const context: JudgementContext = {
  acceptedAt: new Date(accepted),
  judgedAt: new Date('2026-11-21T10:00:02Z'),
  bulk: { scheduled_date: null, timezone: null },
  merchantTimezone: null,
  limits: new Map(),
  routes: () => true,
};
const item = {
  reference: 'INV-1',
  amount: '120.50',
  currency: 'EUR',
  payout_method: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
};

/** Takes in and judges, as a create does. */
function judge(value: object, over: Partial<JudgementContext> = {}): Judgement {
  const [taken] = takeItems([{ ...item, ...value }]);
  return judgePayout(taken!.content, taken!.issues, { ...context, ...over });
}
const findings = (value: object, over?: Partial<JudgementContext>): string[] =>
  judge(value, over).issues.map(({ code, pointer }) => `${code} ${pointer}`);

describe('a valid payout', () => {
  it('has no issue, its amount in minor units and its instant', () => {
    const date = { scheduled_date: '2026-12-01T09:00:00+01:00' };
    const at = new Date('2026-12-01T08:00:00Z');
    expect(judge(date)).toEqual({ issues: [], scheduledAt: at, askedFor: at, amountMinor: 12050n });
  });

  it('without a date runs as soon as it is validated', () =>
    expect(judge({})).toMatchObject({ scheduledAt: context.judgedAt, askedFor: null }));
});

describe('amount and currency', () => {
  it.each([
    [{ amount: null }, ['missing_field /amount']],
    [{ currency: null }, ['missing_field /currency']],
    [{ amount: 120.5 }, ['amount_not_a_string /amount']],
    [{ amount: '-1.00' }, ['invalid_amount /amount']],
    [{ amount: '1,50' }, ['invalid_amount /amount']],
    [{ amount: '0.00' }, ['amount_not_positive /amount']],
    [{ amount: '0' }, ['amount_not_positive /amount']],
    [{ amount: '1.005' }, ['too_many_decimals /amount']],
    [{ amount: '100.0', currency: 'JPY' }, ['too_many_decimals /amount']],
    [{ amount: '1.234', currency: 'TND' }, []],
    [{ currency: 'eur' }, ['unknown_currency /currency']],
    [{ currency: 'XXX' }, ['unknown_currency /currency']],
    [{ currency: 'BGN' }, ['unknown_currency /currency']],
    [{ amount: 'x', currency: 'x' }, ['invalid_amount /amount', 'unknown_currency /currency']],
    [{ amount: 'x', currency: null }, ['invalid_amount /amount', 'missing_field /currency']],
  ])('%j gives %j', (value, expected) => expect(findings(value)).toEqual(expected));

  it('stay within the smallest limit of the currency', () => {
    const limits = smallestLimits({ max_amount: { EUR: '100.00', USD: '5.00' } }, { max_amount: { EUR: '200.00' } }, {});
    expect(findings({ amount: '100.00' }, { limits })).toEqual([]);
    expect(findings({ amount: '100.01' }, { limits })).toEqual(['amount_over_limit /amount']);
    expect(findings({ amount: '9999.00', currency: 'GBP' }, { limits })).toEqual([]);
  });

  it('pass no limit that can not be read', () => {
    expect(findings({}, { limits: smallestLimits({ max_amount: { EUR: 'much' } }) })).toEqual(['amount_over_limit /amount']);
  });

  it('need a route for the method and the currency', () => {
    const routes = (type: string, currency: string): boolean => type === 'bank_account' && currency === 'EUR';
    expect(findings({}, { routes })).toEqual([]);
    expect(findings({ currency: 'USD' }, { routes })).toEqual(['no_route /payout_method/type']);
    expect(findings({ currency: 'XXX' }, { routes })).toEqual(['unknown_currency /currency']);
    expect(findings({ payout_method: { type: 'cash' } }, { routes })).toEqual(['unknown_method_type /payout_method/type']);
  });

  it('cut a long value where they repeat it', () => {
    const [issue] = judge({ amount: `1${'😀'.repeat(400)}` }).issues;
    expect(issue?.detail.length).toBeLessThan(300);
    expect(issue?.detail.isWellFormed()).toBe(true);
  });
});

describe('the date', () => {
  const at = (value: object, over?: Partial<JudgementContext>): string | null =>
    judge(value, over).scheduledAt?.toISOString() ?? null;
  const bulk = { scheduled_date: '2026-12-01', timezone: 'Europe/Berlin' };

  it('and the zone are each the item’s, else the bulk’s, else the merchant’s, else UTC', () => {
    expect(at({}, { bulk })).toBe('2026-12-01T08:00:00.000Z');
    expect(at({ timezone: 'America/New_York' }, { bulk })).toBe('2026-12-01T14:00:00.000Z');
    expect(at({ scheduled_date: '2026-12-02' }, { bulk })).toBe('2026-12-02T08:00:00.000Z');
    expect(at({ scheduled_date: '2026-12-02' }, { merchantTimezone: 'Asia/Tokyo' })).toBe('2026-12-02T00:00:00.000Z');
    expect(at({ scheduled_date: '2026-12-02' })).toBe('2026-12-02T09:00:00.000Z');
    expect(at({ scheduled_date: '2026-12-02T00:00:00Z' }, { bulk })).toBe('2026-12-02T00:00:00.000Z');
  });

  it.each([
    ['Europe/Berlin', '2027-03-28T02:30', '2027-03-28T01:30:00.000Z'],
    ['Europe/Berlin', '2027-10-31T02:30', '2027-10-31T00:30:00.000Z'],
    ['America/New_York', '2027-03-14T02:30', '2027-03-14T07:30:00.000Z'],
    ['Australia/Sydney', '2027-04-04T02:30', '2027-04-03T15:30:00.000Z'],
    ['Australia/Lord_Howe', '2027-04-04T01:45', '2027-04-03T14:45:00.000Z'],
  ])('in %s at %s is %s', (timezone, local, instant) => {
    const over = instant.startsWith('2027-10') ? {} : { acceptedAt: new Date('2027-01-01T00:00:00Z') };
    expect(at({ scheduled_date: local, timezone }, over)).toBe(instant);
  });

  it('is past more than five minutes before the acceptance, and no later, however late the judge', () => {
    const judgedAt = new Date('2026-11-21T18:00:00Z');
    expect(findings({ scheduled_date: '2026-11-21T09:54:59Z' })).toEqual(['scheduled_date_in_past /scheduled_date']);
    expect(findings({ scheduled_date: '2026-11-21T09:55:00Z' }, { judgedAt })).toEqual([]);
    expect(at({ scheduled_date: '2026-11-21T10:30:00Z' }, { judgedAt })).toBe('2026-11-21T10:30:00.000Z');
    expect(at({ scheduled_date: '2020-01-01T00:00:00Z' })).toBeNull();
  });

  it('is too far more than 366 days after the acceptance', () => {
    expect(findings({ scheduled_date: '2027-11-22T10:00:00Z' })).toEqual([]);
    expect(findings({ scheduled_date: '2027-11-22T10:00:00.001Z' })).toEqual(['scheduled_date_too_far /scheduled_date']);
  });

  it('that is bare, today and over 09:00 means as soon as validated', () => {
    expect(at({ scheduled_date: '2026-11-21' })).toBe(context.judgedAt.toISOString());
    expect(at({ scheduled_date: '2026-11-21', timezone: 'America/Los_Angeles' })).toBe('2026-11-21T17:00:00.000Z');
    expect(findings({ scheduled_date: '2026-11-20' })).toEqual(['scheduled_date_in_past /scheduled_date']);
    // 23:30 in Tokyo is still today there, and the judge comes after midnight.
    const late = { acceptedAt: new Date('2026-11-21T14:30:00Z'), judgedAt: new Date('2026-11-21T15:30:00Z') };
    expect(at({ scheduled_date: '2026-11-21', timezone: 'Asia/Tokyo' }, late)).toBe('2026-11-21T15:30:00.000Z');
  });

  it('and the zone have to exist', () => {
    expect(findings({ scheduled_date: '2026-02-30' })).toEqual(['invalid_date /scheduled_date']);
    expect(findings({ scheduled_date: '' })).toEqual(['invalid_date /scheduled_date']);
    expect(findings({ timezone: '+01:00' })).toEqual(['unknown_timezone /timezone']);
    expect(findings({ timezone: 'Mars/Olympus', scheduled_date: '2026-12-01' })).toEqual(['unknown_timezone /timezone']);
    expect(findings({ timezone: 'Mars/Olympus', scheduled_date: 'soon' })).toEqual([
      'unknown_timezone /timezone',
      'invalid_date /scheduled_date',
    ]);
    expect(findings({ timezone: 'Mars/Olympus', scheduled_date: '2026-12-01T00:00:00Z' })).toEqual([
      'unknown_timezone /timezone',
    ]);
    expect(findings({ scheduled_date: '2026-12-01' }, { bulk: { scheduled_date: null, timezone: 'Mars/Olympus' } })).toEqual([
      'unknown_timezone /timezone',
    ]);
    expect(findings({}, { bulk: { scheduled_date: 'soon', timezone: null } })).toEqual(['invalid_date /scheduled_date']);
  });

  it('that was sent and not kept inherits nothing', () => {
    expect(judge({ scheduled_date: 20261201 }, { bulk })).toMatchObject({
      issues: [{ code: 'invalid_field' }],
      scheduledAt: null,
    });
    expect(judge({ timezone: 1 }, { bulk })).toMatchObject({ issues: [{ code: 'invalid_field' }], scheduledAt: null });
  });

  it('is not "now" for a payout that is invalid', () => expect(at({ amount: '0' })).toBeNull());
  it('is told of a payout that is invalid otherwise', () =>
    expect(at({ amount: '0', ...bulk })).toBe('2026-12-01T08:00:00.000Z'));
});

describe('a judgement', () => {
  it('has all findings at once', () => {
    const value = {
      amount: '0',
      currency: 'XX',
      scheduled_date: 'x',
      payout_method: { type: 'paypal', email: 'x' },
      billing_data: { email: 'y' },
      foo: 1,
    };
    expect(findings(value)).toEqual([
      'unknown_field /foo',
      'unknown_currency /currency',
      'invalid_date /scheduled_date',
      'invalid_email /payout_method/email',
      'invalid_email /billing_data/email',
    ]);
    expect(findings({ amount: null, currency: null, payout_method: null })).toEqual([
      'missing_field /amount',
      'missing_field /currency',
      'missing_field /payout_method',
    ]);
  });

  it('does not call missing what was sent and could not be kept', () => {
    expect(findings({ amount: 1, currency: 2, payout_method: 3 })).toEqual([
      'amount_not_a_string /amount',
      'invalid_field /currency',
      'invalid_field /payout_method',
    ]);
    expect(findings({ payout_method: { ...item.payout_method, iban: '••••3000' } })).toEqual([
      'masked_value /payout_method/iban',
    ]);
    expect(findings({ payout_method: { type: 7, token: 'x' } })).toEqual(['invalid_field /payout_method/type']);
  });

  it('of anything at all never throws, and an item with an issue is the only kind that is not valid', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('EUR', '1.00', '2026-12-01', 'UTC', 'bank_account', 'card', 'paypal'),
    );
    const method = fc.dictionary(
      fc.constantFrom('type', 'iban', 'bic', 'sort_code', 'country', 'account_number', 'email', 'token', 'x'),
      text,
    );
    const junk = fc.record(
      {
        amount: fc.oneof(text, fc.jsonValue()),
        currency: text,
        scheduled_date: text,
        timezone: text,
        payout_method: fc.oneof(method, fc.jsonValue()),
        billing_data: fc.oneof(
          fc.dictionary(fc.constantFrom('email', 'phone_number', 'address'), fc.oneof(text, method)),
          fc.jsonValue(),
        ),
        metadata: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(junk, (value) => {
        const { issues, scheduledAt, amountMinor } = judge(JSON.parse(JSON.stringify(value)) as object);
        for (const { pointer, detail } of issues) {
          expect(pointer).toMatch(/^\//);
          expect(detail).toMatch(/^.{10,}$/su);
        }
        if (issues.length === 0) expect([scheduledAt, amountMinor]).not.toContain(null);
      }),
      { numRuns: 500 },
    );
  });

  it('of content that intake did not make never throws either', () => {
    const method = { type: 'bank_account', iban: { deep: [1] } } as unknown as PayoutContent['payout_method'];
    const content = {
      amount: '1',
      currency: '__proto__',
      scheduled_date: null,
      timezone: null,
      payout_method: method,
      billing_data: null,
      metadata: null,
    };
    expect(judgePayout(content, [], context).issues.length).toBeGreaterThan(0);
  });
});
