import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { invalidItem, tomorrow, validItem, validItems } from '../support/items.js';
import type { Bulk, FeedEvent, MerchantClient } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

describe('Pausing a bulk', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  /** Other work of the same merchant has gone through the whole engine since: what is still SCHEDULED is held, not slow. */
  const engineHasTurned = async (): Promise<void> => {
    await merchant.untilAtRest((await merchant.createBulk(validItems(1))).id);
  };

  it('keeps every payout from being claimed until it is resumed, then the overdue ones run at once', async () => {
    const bulk = await merchant.createValidated({ scheduled_date: tomorrow(), items: validItems(5) });
    const paused = await merchant.post<Bulk>(`/v1/bulks/${bulk.id}/pause`);
    expect([paused.status, paused.body.paused, paused.body.version]).toEqual([200, true, 2]);
    expect(paused.headers.get('etag')).toBe('"2"');

    await merchant.patch(`/v1/bulks/${bulk.id}`, { scheduled_date: null });
    await merchant.untilValidated(bulk.id);
    await engineHasTurned();
    expect((await merchant.bulk(bulk.id)).counts).toEqual({ SCHEDULED: 5 });
    expect((await merchant.explanation((await merchant.payouts(bulk.id))[0]!.id)).cause).toBe('bulk_paused');

    const resumed = await merchant.post<Bulk>(`/v1/bulks/${bulk.id}/resume`);
    expect([resumed.status, resumed.body.paused, resumed.body.version]).toEqual([200, false, 4]);
    const payouts = await merchant.untilAtRest(bulk.id);
    expect(payouts.every(({ status }) => status === 'PROCESSED')).toBe(true);
    await expectSound(app, merchant);
  });

  it('holds also what is validated only after the pause', async () => {
    const bulk = await merchant.createBulk(validItems(3));
    await merchant.post(`/v1/bulks/${bulk.id}/pause`);
    await merchant.untilValidated(bulk.id);
    const before = (await merchant.bulk(bulk.id)).counts;
    await engineHasTurned();
    // Whatever was claimed before the pause has gone on; nothing was claimed since.
    expect((await merchant.bulk(bulk.id)).counts['SCHEDULED']).toBe(before['SCHEDULED']);
    await merchant.post(`/v1/bulks/${bulk.id}/resume`);
    await merchant.untilAtRest(bulk.id);
  });

  it('does not happen with a member that it does not know', async () => {
    const bulk = await merchant.createBulk(validItems(1));
    const refused = await merchant.post(`/v1/bulks/${bulk.id}/pause`, { reason: 'holiday' });
    expect([refused.status, refused.body.code, refused.body.errors?.[0]?.pointer]).toEqual([422, 'unknown_field', '/reason']);
    expect((await merchant.bulk(bulk.id)).paused).toBe(false);
  });

  it('is no obstacle to an edit or a cancellation, and outlives both', async () => {
    const items = [validItem({ scheduled_date: tomorrow() }), validItem({ scheduled_date: tomorrow() }), invalidItem()];
    const bulk = await merchant.createValidated(items);
    await merchant.post(`/v1/bulks/${bulk.id}/pause`);
    const edited = await merchant.patch(`/v1/bulks/${bulk.id}`, {
      items: [
        { reference: items[0]!.reference, scheduled_date: null },
        { reference: items[2]!.reference, currency: 'EUR' },
      ],
    });
    expect(edited.status).toBe(200);
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [items[1]!.reference] });
    await merchant.untilValidated(bulk.id);
    await engineHasTurned();
    expect((await merchant.bulk(bulk.id)).counts).toEqual({ SCHEDULED: 2, CANCELLED: 1 });

    await merchant.post(`/v1/bulks/${bulk.id}/resume`);
    await merchant.untilAtRest(bulk.id);
    await expectSound(app, merchant);
  });

  it('is told once, and repeating it changes nothing', async () => {
    const bulk = await merchant.createValidated(validItems(1, { scheduled_date: tomorrow() }));
    const versions: number[] = [];
    for (const step of ['pause', 'pause', 'resume', 'resume']) {
      versions.push((await merchant.post<Bulk>(`/v1/bulks/${bulk.id}/${step}`)).body.version);
    }
    expect(versions).toEqual([2, 2, 3, 3]);
    const told = (await merchant.events(`/v1/bulks/${bulk.id}/events`)).map(({ type }: FeedEvent) => type);
    expect(told.filter((type) => /paused|resumed/.test(type))).toEqual(['bulk.paused', 'bulk.resumed']);
  });

  it('refuses a stale If-Match and takes a current one', async () => {
    const bulk = await merchant.createValidated(validItems(1, { scheduled_date: tomorrow() }));
    expect((await merchant.post(`/v1/bulks/${bulk.id}/pause`, undefined, { 'if-match': '"7"' })).body.code).toBe(
      'version_conflict',
    );
    expect((await merchant.post(`/v1/bulks/${bulk.id}/pause`, undefined, { 'if-match': '"1"' })).status).toBe(200);
    const stale = await merchant.post(`/v1/bulks/${bulk.id}/resume`, undefined, { 'if-match': '"1"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'version_conflict']);
    expect((await merchant.bulk(bulk.id)).paused).toBe(true);
    expect((await merchant.post(`/v1/bulks/${bulk.id}/resume`, undefined, { 'if-match': '*' })).status).toBe(200);
  });
});
