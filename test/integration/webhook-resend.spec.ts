import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeliveryDto } from '../../src/webhooks/deliveries/delivery-response.dto.js';
import type { ResendDto, ResendWithCountsDto } from '../../src/webhooks/resends/resend-response.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { invalidItem, validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { type Received, type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver-server.js';
import { eventually } from '../support/until.js';

const ENDPOINTS = '/v1/webhook-endpoints';
const RESEND = '/v1/webhook-deliveries/resend';
const RESENDS = '/v1/webhook-resends';
let app: TestApp;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  app = await testApp();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => app.close());

async function receiverThat(options?: ReceiverOptions): Promise<Receiver> {
  const receiver = await startReceiver(options);
  closing.push(() => receiver.close());
  return receiver;
}

async function resend(merchant: MerchantClient, filter: object): Promise<ResendWithCountsDto> {
  const answer = await merchant.post<ResendWithCountsDto>(RESEND, filter);
  expect(answer.status).toBe(202);
  expect(answer.headers.get('location')).toBe(`${RESENDS}/${answer.body.id}`);
  return answer.body;
}

const untilIt = (merchant: MerchantClient, { id }: { id: string }, status: string): Promise<ResendWithCountsDto> =>
  eventually(
    async () => (await merchant.get<ResendWithCountsDto>(`${RESENDS}/${id}`)).body,
    (resend) => resend.status === status,
  );

const deliveries = (merchant: MerchantClient, query: string): Promise<DeliveryDto[]> =>
  merchant.all<DeliveryDto>(`/v1/webhook-deliveries?${query}`);

const untilDelivered = (merchant: MerchantClient, query: string, count: number): Promise<DeliveryDto[]> =>
  eventually(
    () => deliveries(merchant, query),
    (found) => found.length >= count && found.every(({ status }) => status === 'delivered'),
  );

/** Of each payout or bulk, the sequences in the order in which they came. */
function sequencesOf(received: readonly Received[]): number[][] {
  const bySubject = new Map<unknown, number[]>();
  for (const { event } of received) {
    const subject = event.data['payout_id'] ?? event.data['bulk_id'];
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), Number(event.data['sequence'])]);
  }
  return [...bySubject.values()];
}

describe('sending many deliveries again', () => {
  it('sends every event of a bulk with its id and bytes, in the order of each payout, signed with the current secret', async () => {
    const merchant = await app.merchant();
    const receiver = await receiverThat();
    const endpoint = await merchant.registerEndpoint(receiver.url);
    const bulk = await merchant.createBulk(validItems(20));
    const other = await merchant.createValidated([invalidItem()]);
    await merchant.untilAtRest(bulk.id);
    const told = await merchant.events(`/v1/bulks/${bulk.id}/events`);
    await untilDelivered(merchant, `bulk_id=${bulk.id}`, told.length);
    await untilDelivered(merchant, `bulk_id=${other.id}`, 5);
    const first = receiver.received.splice(0);
    const rotated = await merchant.post<{ secret: string }>(`${ENDPOINTS}/${endpoint.id}/rotate-secret`, { grace_s: 0 });
    receiver.secrets.push(endpoint.secret, rotated.body.secret);

    const asked = await resend(merchant, { bulk_id: bulk.id });
    expect(asked).toMatchObject({ status: 'matching', bulk_id: bulk.id, endpoint_id: null, finished_at: null });
    const done = await untilIt(merchant, asked, 'finished');

    expect(done).toMatchObject({ matched: told.length, released: told.length, counts: { delivered: told.length } });
    expect(new Set(receiver.received.map(({ id }) => id))).toEqual(new Set(told.map(({ id }) => id)));
    expect(receiver.received).toHaveLength(told.length);
    const bytes = new Map(first.map(({ id, body }) => [id, body.toString('base64')]));
    for (const again of receiver.received) {
      expect(again.body.toString('base64')).toBe(bytes.get(again.id));
      expect(again.verifiedBy).toEqual([rotated.body.secret]);
    }
    for (const sequences of sequencesOf(receiver.received)) expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    expect(await deliveries(merchant, `resend_id=${asked.id}`)).toHaveLength(told.length);
  });

  it('sends what every filter holds for, and nothing else', async () => {
    const merchant = await app.merchant();
    const [one, two] = [await receiverThat(), await receiverThat()];
    const [first] = [await merchant.registerEndpoint(one.url), await merchant.registerEndpoint(two.url)];
    const bulk = await merchant.createValidated([invalidItem(), invalidItem()]);
    await untilDelivered(merchant, `bulk_id=${bulk.id}`, 16);
    one.received.length = two.received.length = 0;

    const asked = await resend(merchant, { endpoint_id: first.id, event_type: 'payout.validation_failed', status: 'delivered' });
    expect(await untilIt(merchant, asked, 'finished')).toMatchObject({ matched: 2, counts: { delivered: 2 } });
    expect(one.received.map(({ event }) => event.type)).toEqual(Array(2).fill('payout.validation_failed'));
    expect(two.received).toEqual([]);

    const before = await resend(merchant, { created_before: '2020-01-01T00:00:00Z' });
    const after = await resend(merchant, { created_after: '2999-01-01T00:00:00Z' });
    const failed = await resend(merchant, { bulk_id: bulk.id, status: 'exhausted' });
    const expired = await resend(merchant, { bulk_id: bulk.id, status: 'expired' });
    for (const none of [before, after, failed, expired])
      expect(await untilIt(merchant, none, 'finished')).toMatchObject({ matched: 0, released: 0, counts: {} });
    const since = await resend(merchant, { created_after: '2020-01-01T00:00:00Z', created_before: '2999-01-01T00:00:00Z' });
    expect(await untilIt(merchant, since, 'finished')).toMatchObject({ matched: 16, released: 16 });
    const all = await resend(merchant, { all: true });
    expect(await untilIt(merchant, all, 'finished')).toMatchObject({ matched: 16, released: 16 });
    const listed = await merchant.all<ResendDto>(RESENDS);
    expect(listed.map(({ id }) => id)).toEqual([all, since, expired, failed, after, before, asked].map(({ id }) => id));
  });

  it('refuses a resend without a filter, with a filter that names nothing, and one for a disabled endpoint', async () => {
    const merchant = await app.merchant();
    const stranger = await app.merchant();
    const { id } = await merchant.registerEndpoint('https://merchant.example/resend');
    const foreign = await stranger.createValidated([invalidItem()]);
    const refusals: [object, string][] = [
      [{}, '/all'],
      [{ all: false }, '/all'],
      [{ all: true, bulk_id: foreign.id }, '/all'],
      [{ bulk_id: foreign.id }, '/bulk_id'],
      [{ bulk_id: 'nonsense' }, '/bulk_id'],
      [{ endpoint_id: 'endpoint_01h455vb4pex5vsknk084sn02q' }, '/endpoint_id'],
      [{ event_type: 'payout.flown' }, '/event_type'],
      [{ status: 'waiting' }, '/status'],
      [{ created_after: '2026-01-01' }, '/created_after'],
    ];
    for (const [filter, pointer] of refusals) {
      const answer = await merchant.post(RESEND, filter);
      expect([filter, answer.status, answer.body.errors?.map((error) => error.pointer)]).toEqual([filter, 422, [pointer]]);
    }
    await merchant.post(`${ENDPOINTS}/${id}/disable`);
    expect((await merchant.post(RESEND, { endpoint_id: id })).body).toMatchObject({ status: 409, code: 'endpoint_disabled' });
    const asked = await resend(merchant, { all: true });
    expect((await stranger.get(`${RESENDS}/${asked.id}`)).status).toBe(404);
    expect((await stranger.post(`${RESENDS}/${asked.id}/cancel`)).status).toBe(404);
    expect((await stranger.get(`${RESENDS}?starting_after=${asked.id}`)).body.code).toBe('invalid_cursor');
  });

  it('lets live events of the same endpoint through, and can be cancelled', async () => {
    const merchant = await app.merchant();
    const receiver = await receiverThat();
    await merchant.registerEndpoint(receiver.url);
    const bulk = await merchant.createBulk(validItems(25));
    await merchant.untilAtRest(bulk.id);
    const told = await merchant.events(`/v1/bulks/${bulk.id}/events`);
    await untilDelivered(merchant, `bulk_id=${bulk.id}`, told.length);
    receiver.received.length = 0;
    const open: (() => void)[] = [];
    receiver.answer = () => new Promise((resolve) => open.push(() => resolve({ status: 204 })));

    const asked = await resend(merchant, { bulk_id: bulk.id });
    const going = await eventually(
      async () => (await merchant.get<ResendWithCountsDto>(`${RESENDS}/${asked.id}`)).body,
      ({ released }) => released > 0,
    );
    expect(going).toMatchObject({ status: 'sending', matched: told.length });
    // Whole payouts: the last one may fill more than its place.
    expect(going.released).toBeLessThan(32 + 8);
    const live = await merchant.createValidated([invalidItem()]);
    receiver.answer = () => ({ status: 204 });
    for (const answer of open) answer();
    await receiver.until((received) => received.some(({ event }) => event.data['bulk_id'] === live.id));
    const cancelled = await merchant.post<ResendWithCountsDto>(`${RESENDS}/${asked.id}/cancel`);
    expect(cancelled.body.status).toBe('cancelled');
    expect(cancelled.body.released).toBeLessThan(told.length);
    const again = await merchant.post<ResendWithCountsDto>(`${RESENDS}/${asked.id}/cancel`);
    expect(again.body.finished_at).toBe(cancelled.body.finished_at);
    await untilDelivered(merchant, `resend_id=${asked.id}`, cancelled.body.released);
    expect((await merchant.get<ResendWithCountsDto>(`${RESENDS}/${asked.id}`)).body.released).toBe(cancelled.body.released);
  });
});
