import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { BILLING_DATA, METHODS, newReference, validItem, validItems } from '../support/items.js';
import type { Bulk, MerchantClient, Payout } from '../support/merchant-client.js';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Without workers: what was accepted stays as it was accepted. */
describe('A bulk that is accepted', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp({ roles: new Set(['api']) });
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  it('is answered with 201, its place, its version and every member of the contract', async () => {
    const reference = newReference('payroll');
    const answer = await merchant.post<Bulk>('/v1/bulks', {
      reference,
      label: 'November payroll',
      metadata: { department: 'payroll' },
      items: [validItem({ amount: '120.5' }), validItem({ amount: '0.50' }), validItem({ amount: '700', currency: 'JPY' })],
    });

    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/v1/bulks/${answer.body.id}`);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^bulk_[0-7][0-9a-hjkmnp-tv-z]{25}$/),
      object: 'bulk',
      reference,
      label: 'November payroll',
      status: 'VALIDATION_PENDING',
      version: 1,
      webhook_url: null,
      invalid_items: 'hold',
      paused: false,
      metadata: { department: 'payroll' },
      item_count: 3,
      counts: { VALIDATION_PENDING: 3 },
      totals: [
        { currency: 'EUR', amount: '121.00', count: 2 },
        { currency: 'JPY', amount: '700', count: 1 },
      ],
      outcome: { succeeded: 0, failed: 0, pending: 0, returned: 0 },
      first_scheduled_at: null,
      last_scheduled_at: null,
      created_at: expect.stringMatching(INSTANT),
      updated_at: expect.stringMatching(INSTANT),
    });
  });

  it('is read as it was answered', async () => {
    const created = await merchant.createBulk(validItems(3));
    const read = await merchant.get<Bulk>(`/v1/bulks/${created.id}`);
    expect(read.body).toEqual(created);
    expect(read.headers.get('etag')).toBe('"1"');
    expect(await app.differences()).toEqual([]);
  });

  it('has its payouts in their order, with canonical amounts and masked account numbers', async () => {
    const items = validItems(8, { amount: '7.5', currency: 'EUR' });
    const bulk = await merchant.createBulk(items);
    const payouts = await merchant.payouts(bulk.id);

    expect(payouts.map(({ position, reference }) => [position, reference])).toEqual(
      items.map(({ reference }, position) => [position, reference]),
    );
    expect(payouts[0]).toEqual({
      id: expect.stringMatching(/^payout_/),
      object: 'payout',
      bulk_id: bulk.id,
      position: 0,
      reference: items[0]!.reference,
      amount: '7.50',
      currency: 'EUR',
      scheduled_date: null,
      timezone: null,
      scheduled_at: null,
      status: 'VALIDATION_PENDING',
      final: false,
      version: 1,
      issues: [],
      payout_method: { ...METHODS.iban, iban: '••••3000' },
      billing_data: BILLING_DATA,
      erased: false,
      metadata: { invoice: '1001' },
      intent: null,
      created_at: expect.stringMatching(INSTANT),
      updated_at: expect.stringMatching(INSTANT),
    });
    const shown = JSON.stringify(payouts.map(({ payout_method }) => payout_method));
    for (const secret of [
      'DE89370400440532013000',
      '123456789',
      '55779911',
      '0123456789',
      '+254712345678',
      'tok_of_a_vault',
      'ada@',
    ]) {
      expect(shown).not.toContain(secret);
    }
  });

  it('takes a thousand payouts, and is all of them or nothing', async () => {
    const bulk = await merchant.createBulk(validItems(1000));
    expect(bulk.item_count).toBe(1000);
    const payouts = await merchant.payouts(bulk.id);
    expect(payouts.map(({ position }) => position)).toEqual(Array.from({ length: 1000 }, (_, position) => position));
  });

  it('keeps money exact beyond what a float can hold', async () => {
    const bulk = await merchant.createBulk([
      validItem({ amount: '999999999999999.99' }),
      validItem({ amount: '999999999999999.98' }),
      validItem({ amount: '0.01' }),
      validItem({ amount: '999999999999999.999', currency: 'TND' }),
    ]);
    expect(bulk.totals).toEqual([
      { currency: 'EUR', amount: '1999999999999999.98', count: 3 },
      { currency: 'TND', amount: '999999999999999.999', count: 1 },
    ]);
    const payouts = await merchant.payouts(bulk.id);
    expect(payouts.map(({ amount }) => amount)).toEqual([
      '999999999999999.99',
      '999999999999999.98',
      '0.01',
      '999999999999999.999',
    ]);
  });

  it('holds its reference for ever against its merchant and against nobody else', async () => {
    const reference = newReference('payroll');
    const first = await merchant.createBulk({ reference, items: validItems(1) });
    await merchant.post(`/v1/bulks/${first.id}/cancel`);

    const second = await merchant.post('/v1/bulks', { reference, items: validItems(1) });
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ code: 'bulk_reference_taken', existing_id: first.id });
    expect(await merchant.all(`/v1/bulks?reference=${reference}`)).toHaveLength(1);

    const other = await app.merchant();
    expect((await other.createBulk({ reference, items: validItems(1) })).reference).toBe(reference);
  });

  it('may have the same reference only once of twenty that come at the same time', async () => {
    const reference = newReference('payroll');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        merchant.post<Bulk & { existing_id: string }>('/v1/bulks', { reference, items: validItems(1) }),
      ),
    );
    const winner = answers.find(({ status }) => status === 201)!;
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
    for (const { status, body } of answers) if (status === 409) expect(body.existing_id).toBe(winner.body.id);
  });

  it('takes control totals that are equal by value, with amounts that can not be read left out and counted', async () => {
    const bulk = await merchant.createBulk({
      control_totals: { count: 4, amounts: { EUR: '10.5', JPY: '7' } },
      items: [
        validItem({ amount: '10.00' }),
        validItem({ amount: '0.50' }),
        validItem({ amount: '7', currency: 'JPY' }),
        validItem({ amount: 'ten' }),
      ],
    });
    expect(bulk.item_count).toBe(4);
  });

  it('takes a control total of more digits than one payout may have', async () => {
    const largest = { amount: '999999999999999', currency: 'JPY' };
    const bulk = await merchant.createBulk({
      control_totals: { amounts: { JPY: '1999999999999998' } },
      items: [validItem(largest), validItem(largest)],
    });
    expect(bulk.item_count).toBe(2);
  });

  it.each([null, {}, { count: null }, { amounts: null }, { count: 1, amounts: null }])(
    'takes control totals that leave something out: %j',
    async (control_totals) => {
      const bulk = await merchant.createBulk({ control_totals, items: [validItem()] });
      expect(bulk.item_count).toBe(1);
    },
  );

  it('keeps what it can not take as null', async () => {
    const bulk = await merchant.createBulk([
      validItem({ amount: 120.5 }),
      validItem({ billing_data: { first_name: 'A\u0000da', last_name: 'Lovelace' } }),
      validItem({ metadata: { good: 'kept', bad: 'lone \ud800 surrogate' } }),
    ]);
    const [number, nul, surrogate] = await merchant.payouts(bulk.id);
    expect(number?.amount).toBeNull();
    expect(nul?.billing_data).toMatchObject({ last_name: 'Lovelace' });
    expect(nul?.billing_data?.['first_name'] ?? null).toBeNull();
    expect(surrogate?.metadata).toEqual({ good: 'kept' });
  });

  it('takes references of 100 code points and compares them exactly', async () => {
    const references = ['😀'.repeat(100), 'é', 'e\u0301', 'A', 'a', ' a'];
    const bulk = await merchant.createBulk(references.map((reference) => validItem({ reference })));
    expect((await merchant.payouts(bulk.id)).map(({ reference }) => reference)).toEqual(references);
    expect(await merchant.all<Payout>(`/v1/payouts?reference=${encodeURIComponent('é')}`)).toHaveLength(1);
  });
});

describe('Lists', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp({ roles: new Set(['api']) });
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  it('are paged newest first, forward and backward, and stay stable under inserts', async () => {
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.unshift((await merchant.createBulk(validItems(1))).id);

    const first = await merchant.get<{ object: string; data: Bulk[]; has_more: boolean }>('/v1/bulks?limit=2');
    expect(first.body).toMatchObject({ object: 'list', has_more: true });
    expect(first.body.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));

    await merchant.createBulk(validItems(1));
    const second = await merchant.get<{ data: Bulk[]; has_more: boolean }>(`/v1/bulks?limit=2&starting_after=${ids[1]!}`);
    expect(second.body.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    expect(second.body.has_more).toBe(true);

    const last = await merchant.get<{ data: Bulk[]; has_more: boolean }>(`/v1/bulks?limit=2&starting_after=${ids[3]!}`);
    expect(last.body.data.map(({ id }) => id)).toEqual(ids.slice(4));
    expect(last.body.has_more).toBe(false);

    const back = await merchant.get<{ data: Bulk[] }>(`/v1/bulks?limit=2&ending_before=${ids[4]!}`);
    expect(back.body.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
  });

  it('are filtered by what the contract names', async () => {
    const reference = newReference('march');
    const bulk = await merchant.createBulk({ reference, items: validItems(3) });
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [(await merchant.payouts(bulk.id))[1]!.reference] });
    const ids = async (path: string): Promise<string[]> => (await merchant.all<{ id: string }>(path)).map(({ id }) => id);

    expect(await ids(`/v1/bulks?reference=${reference}`)).toEqual([bulk.id]);
    expect(await ids(`/v1/bulks?reference=${reference}&status=VALIDATION_PENDING`)).toEqual([bulk.id]);
    expect(await ids(`/v1/bulks?reference=${reference}&status=PROCESSED`)).toEqual([]);
    expect(await ids(`/v1/bulks?created_after=${bulk.created_at}&reference=${reference}`)).toEqual([]);
    expect(await ids(`/v1/bulks?created_before=2020-01-01T00:00:00Z`)).toEqual([]);
    expect(await ids(`/v1/bulks?created_after=2020-01-01T00:00:00%2B01:00&reference=${reference}`)).toEqual([bulk.id]);

    const cancelled = await merchant.all<Payout>(`/v1/bulks/${bulk.id}/payouts?status=CANCELLED`);
    expect(cancelled.map(({ position }) => position)).toEqual([1]);
    expect(await ids(`/v1/payouts?reference=${cancelled[0]!.reference}`)).toEqual([cancelled[0]!.id]);
    expect(await ids(`/v1/payouts?status=PROCESSED`)).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=ten',
    'status=DONE',
    'created_after=yesterday',
    'created_after=2026-W47-1',
    'refrence=x',
  ])('refuse the query %s with its name', async (query) => {
    const answer = await merchant.get(`/v1/bulks?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_query' });
    expect(answer.text).toContain(query.split('=')[0]);
  });

  it.each(['/v1/bulks?reference=', '/v1/payouts?reference=', '/v1/bulks?starting_after=', '/v1/payouts?ending_before='])(
    'take no harm from a NUL or half a character in %s',
    async (path) => {
      for (const text of ['%00', 'a%00b', '%ED%A0%80', '%']) {
        const answer = await merchant.get(`${path}${text}`);
        expect([200, 400]).toContain(answer.status);
      }
    },
  );

  it('refuse cursors that are unknown, malformed or of another kind', async () => {
    const bulk = await merchant.createBulk(validItems(1));
    for (const cursor of ['bulk_01kb4n3w2ze3rbz4jrd9qk6v1x', 'nonsense', bulk.id.replace('bulk', 'payout')]) {
      for (const name of ['starting_after', 'ending_before']) {
        const answer = await merchant.get(`/v1/bulks?${name}=${cursor}`);
        expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
      }
    }
  });
});
