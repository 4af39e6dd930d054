import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { get, type IncomingMessage } from 'node:http';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { Metrics } from '../../src/platform/observability/index.js';
import { EventStreams } from '../../src/webhooks/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { openStream, type OpenStream } from '../support/event-stream.js';
import { tomorrow, validItem, validItems } from '../support/items.js';
import type { FeedEvent, MerchantClient } from '../support/merchant-client.js';
import { startReceiver } from '../support/receiver-server.js';
import { until } from '../support/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});
afterAll(() => app.close());

const follow = (merchant: MerchantClient, query = '', headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> =>
  openStream(`${app.url}/v1/events/stream${query}`, merchant.key ?? '', headers);

const later = (): { items: object[] } => ({ items: [validItem({ scheduled_date: tomorrow() })] });
const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);
const openStreams = async (): Promise<number> =>
  (await app.part(Metrics).registry.getSingleMetric('tranche_event_streams')?.get())?.values[0]?.value ?? 0;

describe('The stream of events', () => {
  it('begins with the past and goes on with what happens, in the order of the feed', async () => {
    const merchant = await app.merchant();
    await merchant.createValidated(later());
    const past = await merchant.events();
    const stream = await follow(merchant);
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await stream.until(past.length);
    await merchant.createValidated(later());
    const all = await merchant.events();
    await stream.until(all.length);
    expect(idsOf(stream.events)).toEqual(idsOf(all));
    expect(stream.events.map(({ id, data }) => ({ id, ...(JSON.parse(data) as object) }))).toEqual(all);
    stream.close();
  });

  it('carries the bytes of the webhook', async () => {
    const merchant = await app.merchant();
    const receiver = await startReceiver();
    const stream = await follow(merchant);
    await merchant.createValidated({ reference: 'Löhne ☃ 😀', webhook_url: receiver.url, ...later() });
    await stream.until(5);
    await until(() => receiver.received.length === 5);
    const told = new Map(stream.events.map(({ id, data }) => [id, data]));
    for (const { id, body } of receiver.received) expect(Buffer.from(told.get(id) ?? '')).toEqual(body);
    stream.close();
    await receiver.close();
  });

  it('goes on behind Last-Event-ID without a gap, whatever the address says of a beginning', async () => {
    const merchant = await app.merchant();
    await merchant.createValidated({ items: validItems(4).map((item) => ({ ...item, scheduled_date: tomorrow() })) });
    const all = await merchant.events();
    for (const [index, { id }] of all.entries()) {
      const stream = await follow(merchant, '?after=latest', { 'last-event-id': id });
      await stream.until(all.length - 1 - index);
      expect(idsOf(stream.events)).toEqual(idsOf(all.slice(index + 1)));
      stream.close();
    }
  });

  it('behind `latest` tells its place at once, so that nothing is lost before the first event', async () => {
    const merchant = await app.merchant();
    await merchant.createValidated(later());
    const past = await merchant.events();
    const stream = await follow(merchant, '?after=latest');
    await until(() => stream.lastId() === past.at(-1)?.id);
    stream.close();
    await merchant.createValidated(later());
    const resumed = await follow(merchant, '?after=latest', { 'last-event-id': stream.lastId() ?? '' });
    await resumed.until(5);
    expect(idsOf(resumed.events)).toEqual(idsOf((await merchant.events()).slice(past.length)));
    resumed.close();
  });

  it('is filtered by type, bulk and payout', async () => {
    const merchant = await app.merchant();
    const [bulk] = [await merchant.createValidated(later()), await merchant.createValidated(later())];
    const payout = await merchant.payoutOf(bulk.id);
    const all = await merchant.events();
    const holds: [string, (event: FeedEvent) => boolean][] = [
      ['?type=payout.scheduled', ({ type }) => type === 'payout.scheduled'],
      [`?bulk_id=${bulk.id}`, ({ data }) => data.bulk_id === bulk.id],
      [
        `?payout_id=${payout.id}&type=payout.created`,
        ({ type, data }) => type === 'payout.created' && data.payout_id === payout.id,
      ],
    ];
    for (const [query, isWanted] of holds) {
      const wanted = all.filter(isWanted);
      const stream = await follow(merchant, query);
      await stream.until(wanted.length);
      expect(idsOf(stream.events)).toEqual(idsOf(wanted));
      stream.close();
    }
  });

  it('shows a merchant nothing of another', async () => {
    const [merchant, other] = [await app.merchant(), await app.merchant()];
    const stream = await follow(merchant);
    const bulk = await other.createValidated(later());
    await merchant.createValidated(later());
    await stream.until(5);
    expect(stream.text()).not.toContain(bulk.id);
    const foreign = (await other.events())[0]?.id ?? '';
    expect((await merchant.get(`/v1/events/stream?after=${foreign}`)).body.code).toBe('invalid_cursor');
    expect((await follow(merchant, '', { 'last-event-id': foreign })).status).toBe(400);
    stream.close();
  });

  it('is refused without a key, and for a parameter that it does not have', async () => {
    const merchant = await app.merchant();
    expect((await app.client(null).get('/v1/events/stream')).status).toBe(401);
    expect((await merchant.get('/v1/events/stream?limit=1')).body.code).toBe('invalid_query');
  });

  it('ends when its key is revoked', async () => {
    const merchant = await app.merchant();
    const stream = await follow(merchant);
    const { api_key_id: keyId } = merchant.created;
    await app.operator.delete(`/v1/operator/merchants/${merchant.id}/api-keys/${keyId}`);
    await stream.ended;
    expect((await follow(merchant)).status).toBe(401);
  });

  it('ends when events that it has not shown were removed, and its cursor is expired', async () => {
    const merchant = await app.merchant();
    await merchant.createValidated(later());
    const past = await merchant.events();
    const stream = await follow(merchant);
    await stream.until(past.length);
    await app.part(Transactions).asEngine((tx) =>
      tx.query(
        `INSERT INTO event_horizon (merchant_id, feed, place, occurred_at)
         SELECT merchant_id, max(feed) + 1, 0, now() FROM event WHERE merchant_id = $1 GROUP BY merchant_id`,
        [fromTypeId('merchant', merchant.id)],
      ),
    );
    await merchant.createValidated(later());
    await Promise.race([stream.ended, stream.until(past.length + 1)]);
    expect(idsOf(stream.events)).toEqual(idsOf(past));
    expect((await follow(merchant, '', { 'last-event-id': stream.lastId() ?? '' })).status).toBe(410);
  });

  it('is open ten times for one key, and once more when one is closed', async () => {
    const [merchant, other] = [await app.merchant(), await app.merchant()];
    const streams = await Promise.all(Array.from({ length: 10 }, () => follow(merchant)));
    expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    const refused = await merchant.get('/v1/events/stream');
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([429, 'too_many_streams', '5']);
    const ofOther = await follow(other);
    expect(ofOther.status).toBe(200);
    streams[0]?.close();
    let again = await follow(merchant);
    while (again.status === 429) again = await follow(merchant);
    expect(again.status).toBe(200);
    for (const stream of [...streams, again, ofOther]) stream.close();
    await until(async () => (await openStreams()) === 0);
  });

  it('is not kept open for a question about its head', async () => {
    const merchant = await app.merchant();
    const answer = await fetch(`${app.url}/v1/events/stream`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${merchant.key ?? ''}` },
    });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('reads nothing on for a client that takes nothing, and gives it everything once it does', async () => {
    const merchant = await app.merchant();
    const reference = 'x'.repeat(90);
    const body = {
      items: validItems(1000).map((item, n) => ({ ...item, reference: `${reference}${String(n)}`, scheduled_date: tomorrow() })),
    };
    await merchant.createValidated(body);
    const all = await merchant.events();
    const paused = await new Promise<IncomingMessage>((resolve) => {
      get(`${app.url}/v1/events/stream`, { headers: { authorization: `Bearer ${merchant.key ?? ''}` } }, resolve);
    });
    paused.pause();
    const other = await follow(merchant);
    await other.until(all.length);
    let text = '';
    paused.on('data', (chunk: Buffer) => (text += chunk.toString())).resume();
    await until(() => text.split('\ndata: ').length > all.length);
    expect([...text.matchAll(/^id: (\S+)\ndata/gm)].map(([, id]) => id)).toEqual(idsOf(all));
    paused.destroy();
    other.close();
  });
});

describe('The end of a process', () => {
  it('ends its streams, and those that come after: clients go on at another process, behind the last id and without a gap', async () => {
    const merchant = await app.merchant();
    const stream = await follow(merchant);
    await merchant.createValidated(later());
    await stream.until(5);
    app.part(EventStreams).endAll();
    await stream.ended;
    await (
      await follow(merchant)
    ).ended;
    await merchant.createValidated(later());
    const next = await testApp({ databaseUrl: app.databaseUrl });
    const lastId = stream.lastId() ?? '';
    const resumed = await openStream(`${next.url}/v1/events/stream`, merchant.key ?? '', { 'last-event-id': lastId });
    await resumed.until(5);
    expect(idsOf([...stream.events, ...resumed.events])).toEqual(idsOf(await merchant.events()));
    resumed.close();
    await next.close();
  });
});
