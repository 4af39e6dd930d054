import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, invalidItem, tomorrow, validItem, validItems } from '../support/items.js';
import type { Cancelled, FeedEvent, MerchantClient } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

describe('Cancelling', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  const cancel = (bulkId: string, body?: object): ReturnType<typeof merchant.post<Cancelled>> =>
    merchant.post<Cancelled>(`/v1/bulks/${bulkId}/cancel`, body);
  const outcomesOf = ({ results }: Cancelled): string[][] => results.map(({ outcome, status }) => [outcome, status]);

  it('a whole bulk cancels everything that is not yet claimed and tells the rest honestly', async () => {
    const items = [validItem(), validItem({ scheduled_date: tomorrow() }), invalidItem()];
    const bulk = await merchant.createBulk(items);
    await merchant.untilBulk(bulk.id, ({ counts }) => counts['PROCESSED'] === 1 && counts['VALIDATION_FAILED'] === 1);

    const answer = await cancel(bulk.id);
    expect(answer.status).toBe(200);
    expect(answer.body.results.map(({ reference }) => reference)).toEqual(items.map(({ reference }) => reference));
    expect(outcomesOf(answer.body)).toEqual([
      ['too_late', 'PROCESSED'],
      ['cancelled', 'CANCELLED'],
      ['cancelled', 'CANCELLED'],
    ]);
    expect(answer.body.bulk).toMatchObject({
      id: bulk.id,
      version: 2,
      status: 'PROCESSED',
      counts: { PROCESSED: 1, CANCELLED: 2 },
    });
    expect(answer.headers.get('etag')).toBe('"2"');
    expect(answer.body.bulk.totals).toEqual([{ currency: 'EUR', amount: '120.50', count: 1 }]);
    await expectSound(app, merchant);
  });

  it('again changes nothing and says so', async () => {
    const bulk = await merchant.createValidated(validItems(2, { scheduled_date: tomorrow() }));
    const first = await cancel(bulk.id);
    const second = await cancel(bulk.id);
    expect(outcomesOf(first.body)).toEqual(Array(2).fill(['cancelled', 'CANCELLED']));
    expect(outcomesOf(second.body)).toEqual(Array(2).fill(['already_cancelled', 'CANCELLED']));
    expect(second.body.bulk.version).toBe(first.body.bulk.version);
    const types = (await merchant.events(`/v1/bulks/${bulk.id}/events`)).map(({ type }: FeedEvent) => type);
    expect(types.filter((type) => type === 'payout.cancelled')).toHaveLength(2);
    expect(types.filter((type) => /^bulk\.(cancelled|completed)$/.test(type))).toEqual(['bulk.cancelled', 'bulk.completed']);
  });

  it('some cancels those that are named and no other', async () => {
    const items = validItems(4, { scheduled_date: tomorrow() });
    const bulk = await merchant.createValidated(items);
    const answer = await cancel(bulk.id, { references: [items[2]!.reference, items[0]!.reference] });
    expect(outcomesOf(answer.body)).toEqual(Array(2).fill(['cancelled', 'CANCELLED']));
    expect((await merchant.payouts(bulk.id)).map(({ status, version, final }) => [status, version, final])).toEqual([
      ['CANCELLED', 2, true],
      ['SCHEDULED', 1, false],
      ['CANCELLED', 2, true],
      ['SCHEDULED', 1, false],
    ]);
    expect((await merchant.bulk(bulk.id)).status).toBe('SCHEDULED');
  });

  it('one payout answers as the bulk does', async () => {
    const bulk = await merchant.createValidated(validItems(2, { scheduled_date: tomorrow() }));
    const [payout] = await merchant.payouts(bulk.id);
    const answer = await merchant.post<Cancelled>(`/v1/payouts/${payout!.id}/cancel`);
    expect(answer.status).toBe(200);
    expect(answer.body.results).toEqual([
      { reference: payout!.reference, payout_id: payout!.id, outcome: 'cancelled', status: 'CANCELLED' },
    ]);
    expect(answer.body.bulk).toMatchObject({ id: bulk.id, counts: { CANCELLED: 1, SCHEDULED: 1 } });
  });

  it('is too late for what is with its provider, which goes on', async () => {
    const bulk = await merchant.createBulk([validItem({ amount: amountOf(9008) }), validItem({ amount: amountOf(9002) })]);
    await merchant.untilBulk(
      bulk.id,
      ({ counts }) => counts['PROCESSING_IN_PROGRESS'] === 1 && counts['INTENT_CREATION_FAILED'] === 1,
    );
    const answer = await cancel(bulk.id);
    expect(outcomesOf(answer.body)).toEqual([
      ['too_late', 'PROCESSING_IN_PROGRESS'],
      ['too_late', 'INTENT_CREATION_FAILED'],
    ]);
    const [slow] = await merchant.untilAtRest(bulk.id);
    expect([slow?.status, slow?.intent?.status]).toEqual(['PROCESSED', 'succeeded']);
    await expectSound(app, merchant);
  });

  it('what was just accepted stops it before it is paid, whatever validation is at', async () => {
    const bulks = await Promise.all(Array.from({ length: 10 }, () => merchant.createBulk(validItems(20))));
    const answers = await Promise.all(bulks.map(({ id }) => cancel(id)));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      const payouts = await merchant.untilAtRest(body.bulk.id);
      expect(payouts.map(({ status: now }) => now === 'CANCELLED')).toEqual(
        body.results.map(({ outcome }) => outcome === 'cancelled'),
      );
    }
    await expectSound(app, merchant);
  });

  it.each([
    ['an empty list', { references: [] }, 'too_few_references', '/references'],
    ['a list that is null', { references: null }, 'invalid_field', '/references'],
    ['a name that is not in the bulk', { references: ['nobody'] }, 'unknown_reference', '/references/0'],
    ['names that are no strings', { references: [1] }, 'invalid_field', '/references'],
    ['an unknown field', { refrences: ['x'] }, 'unknown_field', '/refrences'],
  ])('refuses %s and cancels nothing', async (...[_, body, code, pointer]) => {
    const bulk = await merchant.createValidated(validItems(1, { scheduled_date: tomorrow() }));
    const answer = await merchant.post(`/v1/bulks/${bulk.id}/cancel`, body);
    expect([answer.status, answer.body.code]).toEqual([422, code]);
    expect(answer.body.errors?.[0]?.pointer).toMatch(new RegExp(`^${pointer}`));
    expect(await merchant.bulk(bulk.id)).toEqual(bulk);
  });

  it('refuses one unknown name among known ones as a whole', async () => {
    const items = validItems(2, { scheduled_date: tomorrow() });
    const bulk = await merchant.createValidated(items);
    const answer = await merchant.post(`/v1/bulks/${bulk.id}/cancel`, {
      references: [items[0]!.reference, 'nobody', items[1]!.reference],
    });
    expect([answer.status, answer.body.code, answer.body.errors?.map(({ pointer }) => pointer)]).toEqual([
      422,
      'unknown_reference',
      ['/references/1'],
    ]);
    expect((await merchant.bulk(bulk.id)).counts).toEqual({ SCHEDULED: 2 });
  });

  it('refuses a stale If-Match, of the bulk or of the payout', async () => {
    const bulk = await merchant.createValidated(validItems(2, { scheduled_date: tomorrow() }));
    const [payout] = await merchant.payouts(bulk.id);
    for (const path of [`/v1/bulks/${bulk.id}/cancel`, `/v1/payouts/${payout!.id}/cancel`]) {
      const stale = await merchant.post(path, undefined, { 'if-match': '"9"' });
      expect([stale.status, stale.body.code]).toEqual([412, 'version_conflict']);
    }
    expect((await merchant.bulk(bulk.id)).counts).toEqual({ SCHEDULED: 2 });
    expect((await merchant.post(`/v1/payouts/${payout!.id}/cancel`, undefined, { 'if-match': '"1"' })).status).toBe(200);
    expect((await merchant.post(`/v1/bulks/${bulk.id}/cancel`, undefined, { 'if-match': '"2"' })).status).toBe(200);
  });

  it('makes a version that no other change had', async () => {
    const bulk = await merchant.createValidated(validItems(30, { scheduled_date: tomorrow() }));
    const payouts = await merchant.payouts(bulk.id);
    const answers = await Promise.all(payouts.map(({ id }) => merchant.post<Cancelled>(`/v1/payouts/${id}/cancel`)));
    const versions = answers.map(({ body }) => body.bulk.version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 30 }, (_, index) => index + 2));
    await expectSound(app, merchant);
  });
});
