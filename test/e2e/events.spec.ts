import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, invalidItem, newReference, tomorrow, validItem, validItems } from '../support/items.js';
import type { Bulk, FeedEvent, MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound, gapsOf } from '../support/soundness.js';

describe('Events', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let bulk: Bulk;
  let payouts: Payout[];
  let feed: FeedEvent[];
  /** A life with everything in it: edits, cancellations, a pause, refusals, a retry, a return. */
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
    const items = [
      validItem({ reference: 'paid' }),
      validItem({ reference: 'edited', scheduled_date: tomorrow() }),
      invalidItem({ reference: 'mended' }),
      validItem({ reference: 'cancelled', scheduled_date: tomorrow() }),
      validItem({ reference: 'retried', amount: amountOf(9003) }),
      validItem({ reference: 'returned', amount: amountOf(9005) }),
      validItem({ reference: 'unknown', amount: amountOf(9007) }),
      ...validItems(20),
    ];
    bulk = await merchant.createValidated({ reference: newReference('payroll'), items });
    const path = `/v1/bulks/${bulk.id}`;
    await merchant.post(`${path}/pause`);
    await merchant.patch(path, {
      label: 'x',
      items: [
        { reference: 'edited', amount: '1.00', scheduled_date: null },
        { reference: 'mended', currency: 'EUR' },
      ],
    });
    await merchant.post(`${path}/cancel`, { references: ['cancelled'] });
    await merchant.post(`${path}/resume`);
    const retried = await merchant.payoutOf(bulk.id, 'retried');
    await merchant.untilPayout(retried.id, ({ status }) => status === 'INTENT_CREATION_FAILED');
    await merchant.post(`/v1/payouts/${retried.id}/retry`);
    await merchant.untilBulk(
      bulk.id,
      ({ counts, outcome }) => counts['INTENT_CREATION_FAILED'] === 1 && outcome.returned === 1 && outcome.pending === 0,
    );
    payouts = await merchant.payouts(bulk.id);
    feed = await merchant.events();
  });
  afterAll(() => app.close());

  const of = (reference: string): FeedEvent[] => feed.filter(({ data }) => data.reference === reference);

  it('of each payout are edges of the lifecycle, with the sequence from 1 without a gap', async () => {
    for (const payout of payouts) {
      const history = await merchant.events(`/v1/payouts/${payout.id}/events`);
      expect(gapsOf(history)).toEqual([]);
      expect([history.at(-1)?.data.status, history.at(-1)?.data.final]).toEqual([payout.status, payout.final]);
    }
    await expectSound(app, merchant);
  });

  it('of the bulk are its milestones, with the sequence from 1 without a gap', () => {
    const told = feed.filter(({ type }) => type.startsWith('bulk.'));
    expect(told.map(({ data }) => data.sequence)).toEqual(told.map((_, index) => index + 1));
    expect(told.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['bulk.created', 'bulk.paused', 'bulk.edited', 'bulk.resumed', 'bulk.validated', 'bulk.completed']),
    );
    for (const { data, id } of told) {
      expect(Object.keys(data).sort()).toEqual([
        'bulk_id',
        'bulk_reference',
        'counts',
        'event_id',
        'sequence',
        'status',
        'totals',
      ]);
      expect([data.bulk_id, data.event_id]).toEqual([bulk.id, id]);
    }
  });

  it('stand in one feed that is the union of all histories, once each', async () => {
    const histories = await Promise.all(payouts.map(({ id }) => merchant.events(`/v1/payouts/${id}/events`)));
    const ids = new Set(feed.map(({ id }) => id));
    expect(ids.size).toBe(feed.length);
    const ofPayouts = histories.flat().map(({ id }) => id);
    const ofBulk = feed.filter(({ type }) => type.startsWith('bulk.')).map(({ id }) => id);
    expect(new Set([...ofPayouts, ...ofBulk])).toEqual(ids);
    expect(await merchant.events(`/v1/bulks/${bulk.id}/events`)).toEqual(feed);
    expect(await merchant.events(`/v1/events?bulk_id=${bulk.id}`)).toEqual(feed);
    expect(await merchant.events(`/v1/events?payout_id=${payouts[0]!.id}`)).toEqual(histories[0]);
  });

  it('come in one order, whatever the size of the page', async () => {
    for (const limit of [1, 7]) {
      const seen: FeedEvent[] = [];
      for (let more = true; more;) {
        const after = seen.at(-1)?.id;
        const page = await merchant.get<{ object: string; data: FeedEvent[]; has_more: boolean }>(
          `/v1/events?limit=${String(limit)}${after === undefined ? '' : `&after=${after}`}`,
        );
        expect(page.body.data.length).toBeLessThanOrEqual(limit);
        seen.push(...page.body.data);
        more = page.body.has_more;
      }
      expect(seen).toEqual(feed);
    }
  });

  it('are filtered by type', async () => {
    const wanted = feed.filter(({ type }) => type === 'payout.processed');
    expect(wanted.length).toBeGreaterThan(20);
    expect(await merchant.events('/v1/events?type=payout.processed')).toEqual(wanted);
  });

  it('after a cursor that is unknown are refused', async () => {
    for (const after of ['event_01kb4n3w2ze3rbz4jrd9qk6v1x', 'nonsense', payouts[0]!.id]) {
      const answer = await merchant.get(`/v1/events?after=${after}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
    }
  });

  it('have every member of the contract', () => {
    const scheduled = of('paid').find(({ type }) => type === 'payout.scheduled');
    expect(scheduled).toEqual({
      id: expect.stringMatching(/^event_/),
      type: 'payout.scheduled',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: {
        event_id: scheduled?.id,
        sequence: 3,
        bulk_id: bulk.id,
        bulk_reference: bulk.reference,
        payout_id: payouts[0]!.id,
        reference: 'paid',
        previous_status: 'VALIDATION_IN_PROGRESS',
        status: 'SCHEDULED',
        final: false,
        amount: '120.50',
        currency: 'EUR',
        scheduled_at: payouts[0]!.scheduled_at,
        issues: [],
        intent: null,
      },
    });
  });

  it('show the intent as it was then', () => {
    const told = of('returned').filter(({ type }) => /processed|intent_/.test(type));
    expect(told.map(({ type, data }) => [type, (data['intent'] as { status: string }).status, data.final])).toEqual([
      ['payout.processed', 'succeeded', true],
      ['payout.intent_succeeded', 'succeeded', true],
      ['payout.intent_returned', 'returned', true],
    ]);
  });

  it('tell the issues that were found, and the difference of an edit', () => {
    const failed = of('mended').find(({ type }) => type === 'payout.validation_failed');
    expect(failed?.data['issues']).toEqual([expect.objectContaining({ code: 'unknown_currency', pointer: '/currency' })]);
    const edited = of('edited').find(({ type }) => type === 'payout.edited');
    expect(JSON.stringify(edited?.data)).toContain('"to":"1.00"');
  });

  it('carry no account number, name or address', () => {
    expect(JSON.stringify(feed)).not.toMatch(
      /Lovelace|Ada|DE8937|123456789|55779911|\+2547|\+4930|ada@|tok_of|wallet-of|Linden|Berlin/,
    );
  });
});
