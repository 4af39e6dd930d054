import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, invalidItem, tomorrow, validItem, validItems } from '../support/items.js';
import type { Payout } from '../support/merchant-client.js';
import { type Received, startReceiver } from '../support/receiver-server.js';
import { asAdmin } from '../support/test-server.js';
import { eventually } from '../support/until.js';
import { injectTime } from '../support/webhook-clock.js';

interface Line {
  readonly status: unknown;
  readonly final: unknown;
  readonly amount: unknown;
  readonly currency: unknown;
  readonly intent: unknown;
}

/** A merchant's own books: each event overwrites what the one before said of its payout. Nothing is sorted. */
function booksOf(events: readonly { readonly data: Readonly<Record<string, unknown>> }[]): Map<unknown, Line> {
  const books = new Map<unknown, Line>();
  for (const { data } of events) {
    const { payout_id, status, final, amount, currency, intent } = data;
    if (payout_id === undefined) continue;
    books.set(payout_id, { status, final, amount, currency, intent: (intent as { status: string } | null)?.status ?? null });
  }
  return books;
}

const eventsOf = (received: readonly Received[]) => received.map(({ event }) => event);

const lineOf = ({ status, final, amount, currency, intent }: Payout): Line => ({
  status,
  final,
  amount,
  currency,
  intent: intent?.status ?? null,
});

describe('Sending a bulk again', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());

  it('lets a receiver that has lost its books write them anew, equal to every payout', async () => {
    const merchant = await app.merchant();
    const receiver = await startReceiver({ secrets: [merchant.webhookSecret] });
    try {
      const fates = [9001, 9002, 9004, 9005, 9010].map((fate) => validItem({ amount: amountOf(fate) }));
      const later = validItem({ scheduled_date: tomorrow() });
      const bulk = await merchant.createBulk({
        webhook_url: receiver.url,
        items: [...validItems(10), ...fates, later, invalidItem()],
      });
      await merchant.untilBulk(
        bulk.id,
        ({ outcome }) => outcome.succeeded === 11 && outcome.returned === 1 && outcome.failed === 3,
      );
      await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [later['reference']] });
      const told = await merchant.events(`/v1/bulks/${bulk.id}/events`);
      await eventually(
        () => merchant.all<{ status: string }>(`/v1/webhook-deliveries?bulk_id=${bulk.id}&status=delivered`),
        ({ length }) => length === told.length,
      );
      receiver.received.length = 0;
      // Some fail, so that what is behind them has to wait; not so many that the lane pauses.
      const refused = new Set<Received>();
      receiver.answer = (one) => {
        if (one.times > 2 || receiver.received.length % 7 !== 0) return { status: 204 };
        refused.add(one);
        return { status: 500 };
      };

      const resend = await merchant.post<{ id: string }>('/v1/webhook-deliveries/resend', { bulk_id: bulk.id });
      await eventually(
        async () => (await merchant.get<{ status: string }>(`/v1/webhook-resends/${resend.body.id}`)).body.status,
        (status) => status === 'finished',
      );

      const taken = receiver.received.filter((one) => !refused.has(one));
      expect(refused.size).toBeGreaterThan(0);
      expect(taken).toHaveLength(told.length);
      expect(taken.every(({ verifiedBy }) => verifiedBy[0] === merchant.webhookSecret)).toBe(true);
      const payouts = await merchant.payouts(bulk.id);
      const books = new Map(payouts.map((payout) => [payout.id, lineOf(payout)]));
      expect(booksOf(eventsOf(taken))).toEqual(books);
      // The same from the cursor alone.
      expect(booksOf(await merchant.events())).toEqual(books);
      expect(new Set(payouts.map(({ status }) => status))).toEqual(
        new Set(['PROCESSED', 'INTENT_CREATION_FAILED', 'CANCELLED', 'VALIDATION_FAILED']),
      );
    } finally {
      await receiver.close();
    }
  });

  it('is not needed by an endpoint that was disabled for a day: enabled with everything, its books are equal too', async () => {
    const merchant = await app.merchant();
    const receiver = await startReceiver();
    try {
      const endpoint = await merchant.post<{ id: string }>('/v1/webhook-endpoints', { url: receiver.url });
      const path = `/v1/webhook-endpoints/${endpoint.body.id}`;
      await merchant.post(`${path}/disable`);
      const later = validItem({ scheduled_date: tomorrow() });
      const fates = [9001, 9004, 9005, 9010].map((fate) => validItem({ amount: amountOf(fate) }));
      const bulk = await merchant.createBulk([...validItems(10), ...fates, later, invalidItem()]);
      await merchant.untilBulk(
        bulk.id,
        ({ outcome }) => outcome.succeeded === 11 && outcome.returned === 1 && outcome.failed === 2,
      );
      await merchant.post(`/v1/bulks/${bulk.id}/cancel`, { references: [later['reference']] });
      const told = await merchant.events(`/v1/bulks/${bulk.id}/events`);
      const { body } = await merchant.get<{ held: number }>(path);
      expect(body.held).toBe(told.length);

      await asAdmin(app.databaseUrl, (admin) => injectTime(admin, { ahead_s: 86_400 }));
      await merchant.post(`${path}/enable`, { backlog: 'all' });
      await receiver.until(({ length }) => length >= told.length);
      expect(new Set(receiver.received.map(({ id }) => id))).toEqual(new Set(told.map(({ id }) => id)));
      const payouts = await merchant.payouts(bulk.id);
      expect(booksOf(eventsOf(receiver.received))).toEqual(new Map(payouts.map((payout) => [payout.id, lineOf(payout)])));
    } finally {
      await receiver.close();
    }
  });
});
