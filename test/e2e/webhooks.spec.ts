import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { AdvancePayouts, PayoutRepository } from '../../src/bulks/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, invalidItem, tomorrow, validItem, validItems } from '../support/items.js';
import type { FeedEvent, MerchantClient } from '../support/merchant-client.js';
import { type Received, type Receiver, startReceiver } from '../support/receiver-server.js';
import { eventually, until, WHO_WAITS } from '../support/until.js';

describe('Webhooks', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let receiver: Receiver;
  beforeAll(async () => {
    app = await testApp();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    merchant = await app.merchant();
    receiver = await startReceiver({ secrets: [merchant.webhookSecret] });
  });
  afterEach(() => receiver.close());

  /** The bulk's events as the feed has them, once the receiver has all of them too. */
  async function told(bulkId: string): Promise<FeedEvent[]> {
    const events = await merchant.events(`/v1/bulks/${bulkId}/events`);
    await eventually(
      async () => events.filter(({ id }) => !receiver.received.some((received) => received.id === id)).length,
      (missing) => missing === 0,
    );
    return events;
  }

  /** Of each payout (or the bulk), what came for the first time, in the order in which it came. */
  function firstComings(): Map<unknown, Received[]> {
    const bySubject = new Map<unknown, Received[]>();
    for (const received of receiver.received) {
      if (received.times > 1) continue;
      const subject = received.event.data['payout_id'] ?? received.event.data['bulk_id'];
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), received]);
    }
    return bySubject;
  }

  it('tell every event of a bulk, signed, with the body of the feed, in sequence per payout', async () => {
    const bulk = await merchant.createBulk({
      webhook_url: receiver.url,
      items: [...validItems(30), invalidItem(), validItem({ amount: amountOf(9002) }), validItem({ amount: amountOf(9005) })],
    });
    await merchant.untilBulk(
      bulk.id,
      ({ outcome }) => outcome.succeeded === 30 && outcome.returned === 1 && outcome.failed === 1,
    );
    const events = await told(bulk.id);

    expect(new Set(receiver.received.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)));
    const byId = new Map(receiver.received.map((received) => [received.id, received]));
    for (const { id, ...body } of events) {
      const received = byId.get(id)!;
      expect(received.event).toEqual(body);
      expect(received.verifiedBy).toEqual([merchant.webhookSecret]);
      expect(received.headers['content-type']).toMatch(/^application\/json/);
    }
    for (const comings of firstComings().values()) {
      expect(comings.map(({ event }) => event.data['sequence'])).toEqual(comings.map((_, index) => index + 1));
    }
  });

  it('come again until they are taken, with the same id and bytes, and nothing overtakes them', async () => {
    // Each fails once: half of all attempts, which is not yet what pauses a lane.
    receiver.answer = ({ times }) => ({ status: times === 1 ? 500 : 204 });
    const bulk = await merchant.createBulk({ webhook_url: receiver.url, items: [validItem()] });
    await merchant.untilAtRest(bulk.id);
    await eventually(
      async () =>
        (await merchant.all<{ status: string }>(`/v1/webhook-deliveries?bulk_id=${bulk.id}`)).map(({ status }) => status),
      (statuses) => statuses.every((status) => status === 'delivered'),
    );
    const { received } = receiver;
    for (const id of new Set(received.map((each) => each.id))) {
      const bodies = received.filter((each) => each.id === id).map(({ body }) => body.toString('base64'));
      expect(bodies).toHaveLength(2);
      expect(new Set(bodies).size).toBe(1);
    }
    const taken = received.filter(({ times, event }) => times === 2 && event.data['payout_id'] !== undefined);
    expect(taken.map(({ event }) => event.data['sequence'])).toEqual(taken.map((_, index) => index + 1));
  });

  it('are kept with every attempt, which the merchant can read', async () => {
    receiver.answer = ({ times }) => (times === 1 ? { status: 503, body: 'not now' } : { status: 200 });
    const bulk = await merchant.createBulk({ webhook_url: receiver.url, items: [validItem({ scheduled_date: tomorrow() })] });
    await merchant.untilValidated(bulk.id);
    await told(bulk.id);
    const [delivery] = await eventually(
      () => merchant.all<{ id: string; status: string; attempt_count: number }>(`/v1/webhook-deliveries?bulk_id=${bulk.id}`),
      (deliveries) => deliveries.length > 0 && deliveries.every(({ status }) => status === 'delivered'),
    );
    const read = await merchant.get<{ attempts: { number: number; http_status: number }[] }>(
      `/v1/webhook-deliveries/${delivery!.id}`,
    );
    expect(read.body.attempts.map(({ number, http_status }) => [number, http_status])).toEqual([
      [1, 503],
      [2, 200],
    ]);
    expect(read.text).not.toMatch(/whsec_/);
  });

  it('go once to a URL that is both the bulk’s and a registered endpoint, with both signatures', async () => {
    const endpoint = await merchant.post<{ id: string; secret: string }>('/v1/webhook-endpoints', { url: receiver.url });
    expect(endpoint.status).toBe(201);
    receiver.secrets.push(endpoint.body.secret);
    const bulk = await merchant.createBulk({ webhook_url: receiver.url, items: [validItem()] });
    await merchant.untilAtRest(bulk.id);
    const events = await told(bulk.id);
    expect(receiver.received).toHaveLength(events.length);
    for (const { verifiedBy } of receiver.received)
      expect(new Set(verifiedBy)).toEqual(new Set([merchant.webhookSecret, endpoint.body.secret]));
  });

  it('of a registered endpoint are of the types it asked for, of every bulk', async () => {
    const endpoint = await merchant.post<{ secret: string }>('/v1/webhook-endpoints', {
      url: receiver.url,
      event_types: ['payout.processed'],
    });
    receiver.secrets.push(endpoint.body.secret);
    const bulks = await Promise.all([merchant.createBulk(validItems(2)), merchant.createBulk(validItems(3))]);
    for (const { id } of bulks) await merchant.untilAtRest(id);
    await eventually(
      async () => receiver.received.length,
      (count) => count >= 5,
    );
    expect(receiver.received.map(({ event, verifiedBy }) => [event.type, verifiedBy])).toEqual(
      Array(5).fill(['payout.processed', [endpoint.body.secret]]),
    );
  });

  it('go to the new URL after an edit of the bulk', async () => {
    const bulk = await merchant.createValidated({ items: [validItem({ scheduled_date: tomorrow() })] });
    await merchant.patch(`/v1/bulks/${bulk.id}`, { webhook_url: receiver.url });
    await merchant.post(`/v1/bulks/${bulk.id}/cancel`);
    await eventually(
      async () => receiver.received.map(({ event }) => event.type).sort(),
      (types) => types.includes('payout.cancelled') && types.includes('bulk.completed'),
    );
    expect(receiver.received.every(({ verifiedBy }) => verifiedBy[0] === merchant.webhookSecret)).toBe(true);
  });

  it('go to the new URL after an edit of the bulk, also what another transaction was writing', async () => {
    // What comes first stays open there, and all else of the payout waits behind it.
    const refusing = await startReceiver({ answer: () => ({ status: 503 }) });
    const owner = new pg.Client({ connectionString: app.databaseUrl });
    await owner.connect();
    try {
      const items = [validItem({ scheduled_date: tomorrow() })];
      const { id } = await merchant.createValidated({ webhook_url: refusing.url, items });
      const payout = fromTypeId('payout', (await merchant.payoutOf(id)).id)!;
      const edit = await app.part(Transactions).asEngine(async (tx) => {
        const rows = await app.part(PayoutRepository).lock(tx, [payout]);
        let answered = false;
        const asked = merchant.patch(`/v1/bulks/${id}`, { webhook_url: receiver.url }).finally(() => (answered = true));
        await until(async () => answered || (await owner.query(WHO_WAITS)).rowCount === 1);
        await app.part(AdvancePayouts).execute(
          tx,
          rows.map((row) => ({ payout: row, transitions: ['cancel'] })),
        );
        return { asked };
      });
      expect((await edit.asked).status).toBe(200);
      const { rows } = await owner.query(
        `SELECT n.url FROM webhook_delivery d JOIN event e ON e.id = d.event_id JOIN webhook_endpoint n ON n.id = d.endpoint_id
         WHERE d.payout_id = $1 AND e.type = 'payout.cancelled'`,
        [payout],
      );
      expect(rows).toEqual([{ url: receiver.url }]);
    } finally {
      await owner.end();
      await refusing.close();
    }
  });

  it('to a receiver that is silent hold up no other', async () => {
    const silent = await startReceiver({ answer: () => ({ instead: 'silence' }) });
    try {
      await merchant.createBulk({ webhook_url: silent.url, items: validItems(50, { scheduled_date: tomorrow() }) });
      await silent.until((received) => received.length > 0);
      const bulk = await merchant.createBulk({ webhook_url: receiver.url, items: validItems(10) });
      await merchant.untilAtRest(bulk.id);
      await told(bulk.id);
    } finally {
      await silent.close();
    }
  });

  it('are signed with the old and the new secret while one is rotated', async () => {
    const rotated = await app.operator.post<{ webhook_signing_secret: string }>(
      `/v1/operator/merchants/${merchant.id}/rotate-webhook-secret`,
      {},
    );
    expect(rotated.status).toBe(200);
    receiver.secrets.push(rotated.body.webhook_signing_secret);
    const bulk = await merchant.createBulk({ webhook_url: receiver.url, items: [validItem({ scheduled_date: tomorrow() })] });
    await merchant.untilValidated(bulk.id);
    await told(bulk.id);
    for (const { verifiedBy } of receiver.received) expect(verifiedBy).toHaveLength(2);
  });
});
