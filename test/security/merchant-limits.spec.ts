import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, tomorrow, validItem, validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { assertAnswer } from '../support/openapi-answers.js';
import { eventually } from '../support/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});
afterAll(() => app.close());

const later = (overrides: object = {}): Record<string, unknown> =>
  validItem({ scheduled_date: `${tomorrow().slice(0, 10)}T12:00`, ...overrides });

interface Reached {
  readonly code: string;
  readonly limit?: string;
  readonly max?: number;
  readonly used?: number;
  readonly requested?: number;
}

describe('The bulks and payouts that may wait', () => {
  it('are not passed together by twenty creations at once', async () => {
    const merchant = await app.merchant({ limits: { max_open_bulks: 5 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => merchant.post<Reached>('/v1/bulks', { items: [later()] })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect([answer.status, answer.body]).toMatchObject([
        429,
        { code: 'limit_reached', limit: 'max_open_bulks', max: 5, used: 5, requested: 1 },
      ]);
      expect(answer.headers.get('retry-after')).toBe('60');
      assertAnswer('POST', '/v1/bulks', { ...answer, headers: Object.fromEntries(answer.headers) } as never);
    }
  });

  it('count payouts until they are claimed or cancelled, and the same idempotency key works once there is room', async () => {
    const merchant = await app.merchant({ limits: { max_waiting_payouts: 10 } });
    const first = await merchant.createValidated({ items: [later(), later(), later(), later(), later(), later()] });
    const body = { items: [later(), later(), later(), later(), later()] };
    const send = () => merchant.post<Reached>('/v1/bulks', body, { 'idempotency-key': `limits-${first.id}` });
    expect((await send()).body).toMatchObject({
      code: 'limit_reached',
      limit: 'max_waiting_payouts',
      max: 10,
      used: 6,
      requested: 5,
    });
    await merchant.post(`/v1/bulks/${first.id}/cancel`);
    expect((await send()).status).toBe(201);
    expect(
      (await merchant.post<Reached>('/v1/bulks', { items: [later(), later(), later(), later(), later(), later()] })).status,
    ).toBe(429);
  });

  it('are told apart from a bulk that could never be taken', async () => {
    const merchant = await app.merchant({ limits: { max_waiting_payouts: 3 } });
    const answer = await merchant.post<Reached>('/v1/bulks', { items: validItems(4) });
    expect([answer.status, answer.body]).toMatchObject([422, { code: 'bulk_over_limit', max: 3, requested: 4 }]);
    expect((await merchant.get<{ data: unknown[] }>('/v1/bulks')).body.data).toEqual([]);
  });

  it('come back when payouts are paid', async () => {
    const merchant = await app.merchant({ limits: { max_open_bulks: 1 } });
    await merchant.createBulk(validItems(1));
    await eventually(
      () => merchant.post('/v1/bulks', { items: [later()] }),
      ({ status }) => status === 201,
    );
  });
});

describe('The amounts', () => {
  const codesOf = async (merchant: MerchantClient, bulk: string): Promise<(string | undefined)[]> =>
    (await merchant.all<{ issues: { code: string }[] | null }>(`/v1/bulks/${bulk}/payouts`)).map(
      ({ issues }) => issues?.[0]?.code,
    );

  it('of one bulk are given in its order to those that fit, in each currency by itself', async () => {
    const merchant = await app.merchant({ limits: { max_bulk_amount: { EUR: '250.00' } } });
    const amounts = ['100.00', '100.00', '100.00', '50.00', '0.01'];
    const items = [...amounts.map((amount) => later({ amount })), later({ amount: '900.00', currency: 'USD' })];
    const over = 'bulk_amount_over_limit';
    const dry = await merchant.post<{ items: { issues: { code: string }[] }[] }>('/v1/bulks/validate', { items });
    const bulk = await merchant.createValidated({ items });
    expect(await codesOf(merchant, bulk.id)).toEqual([undefined, undefined, over, undefined, over, undefined]);
    expect(dry.body.items.map(({ issues }) => issues[0]?.code)).toEqual([undefined, undefined, over, undefined, over, undefined]);
  });

  it('of one day are not passed by many bulks at once', async () => {
    const merchant = await app.merchant({ limits: { max_daily_amount: { EUR: '500.00' } } });
    const made = await Promise.all(
      Array.from({ length: 10 }, () =>
        merchant.createValidated({ items: [later({ amount: '100.00' }), later({ amount: '100.00' })] }),
      ),
    );
    const codes = (await Promise.all(made.map(({ id }) => codesOf(merchant, id)))).flat();
    expect(codes.filter((code) => code === undefined)).toHaveLength(5);
    expect(codes.filter((code) => code === 'daily_amount_over_limit')).toHaveLength(15);
  });

  it('are let go by a cancellation, follow an edit, and are judged again then', async () => {
    const merchant = await app.merchant({ limits: { max_daily_amount: { EUR: '100.00' } } });
    const [one, two] = [later({ amount: '60.00' }), later({ amount: '60.00' })];
    const bulk = await merchant.createValidated({ items: [one, two] });
    expect(await codesOf(merchant, bulk.id)).toEqual([undefined, 'daily_amount_over_limit']);
    const edit = async (reference: unknown, amount: string): Promise<(string | undefined)[]> => {
      await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ reference, amount }] });
      await merchant.untilValidated(bulk.id);
      return codesOf(merchant, bulk.id);
    };
    // What a payout has taken itself is not in its own way.
    expect(await edit(one['reference'], '70.00')).toEqual([undefined, 'daily_amount_over_limit']);
    expect(await edit(two['reference'], '30.00')).toEqual([undefined, undefined]);
    expect(await edit(two['reference'], '30.01')).toEqual([undefined, 'daily_amount_over_limit']);
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [one['reference']] });
    expect(await edit(two['reference'], '99.00')).toEqual([undefined, undefined]);
  });

  it('are let go by an edit to a currency that has no limit', async () => {
    const merchant = await app.merchant({ limits: { max_daily_amount: { EUR: '100.00' } } });
    const [one, two] = [later({ amount: '60.00' }), later({ amount: '60.00' })];
    const bulk = await merchant.createValidated({ items: [one, two] });
    expect(await codesOf(merchant, bulk.id)).toEqual([undefined, 'daily_amount_over_limit']);
    for (const items of [[{ reference: one['reference'], currency: 'USD' }], [{ reference: two['reference'] }]]) {
      await merchant.patch(`/v1/bulks/${bulk.id}`, { items });
      await merchant.untilValidated(bulk.id);
    }
    expect(await codesOf(merchant, bulk.id)).toEqual([undefined, undefined]);
  });

  it('of a day count by the merchant’s own midnight', async () => {
    const merchant = await app.merchant({ timezone: 'Asia/Tokyo', limits: { max_daily_amount: { EUR: '100.00' } } });
    const day = tomorrow().slice(0, 10);
    const at = (time: string) => later({ amount: '100.00', scheduled_date: `${day}T${time}Z` });
    const bulk = await merchant.createValidated({ items: [at('14:59:00'), at('15:00:00'), at('15:01:00')] });
    expect(await codesOf(merchant, bulk.id)).toEqual([undefined, undefined, 'daily_amount_over_limit']);
  });

  it('that were refused by the provider are free again', async () => {
    const merchant = await app.merchant({ limits: { max_daily_amount: { EUR: '200.00' } } });
    const refused = await merchant.createBulk([validItem({ amount: amountOf(9002) })]);
    await eventually(
      () => merchant.payoutOf(refused.id),
      ({ status }) => status === 'INTENT_CREATION_FAILED',
    );
    const bulk = await merchant.createValidated({ items: [validItem({ amount: '200.00' })] });
    expect(await codesOf(merchant, bulk.id)).toEqual([undefined]);
  });
});

describe('Limits', () => {
  it('that can not be read are refused, each with its place', async () => {
    const limits = {
      max_open_bulks: 0,
      max_waiting_payouts: '5',
      max_daily_amount: { EUR: 5, XXX: '1' },
      max_bulk_amount: [],
      other: 1,
    };
    const answer = await app.operator.post('/v1/operator/merchants', { name: 'Ada', limits });
    expect([answer.status, answer.body.errors?.map(({ pointer }) => pointer).sort()]).toEqual([
      422,
      [
        '/limits/max_bulk_amount',
        '/limits/max_daily_amount/EUR',
        '/limits/max_daily_amount/XXX',
        '/limits/max_open_bulks',
        '/limits/max_waiting_payouts',
        '/limits/other',
      ],
    ]);
  });

  it('are shown as they count', async () => {
    const limits = { max_amount: { EUR: '5' }, max_daily_amount: { JPY: '500' }, max_open_bulks: 3, max_waiting_payouts: null };
    const answer = await app.operator.post<{ limits: unknown }>('/v1/operator/merchants', { name: 'Ada', limits });
    expect(answer.body.limits).toEqual({ max_amount: { EUR: '5.00' }, max_daily_amount: { JPY: '500' }, max_open_bulks: 3 });
  });
});
