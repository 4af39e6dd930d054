import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeliveryDto, DeliveryWithAttemptsDto } from '../../src/webhooks/deliveries/delivery-response.dto.js';
import type { CreatedEndpointDto, EndpointDto } from '../../src/webhooks/endpoints/endpoint-response.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { invalidItem, validItem } from '../support/items.js';
import type { FeedEvent, MerchantClient } from '../support/merchant-client.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver-server.js';
import { eventually } from '../support/until.js';

interface ListOf<Element> {
  readonly object: 'list';
  readonly data: Element[];
  readonly has_more: boolean;
}

const ENDPOINTS = '/v1/webhook-endpoints';
const DELIVERIES = '/v1/webhook-deliveries';
let app: TestApp;
let merchant: MerchantClient;
let other: MerchantClient;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
  other = await app.merchant();
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

const endpoint = async (id: string): Promise<EndpointDto> => (await merchant.get<EndpointDto>(`${ENDPOINTS}/${id}`)).body;

describe('webhook endpoints', () => {
  it('show their secret at creation and rotation only', async () => {
    const created = await merchant.post<CreatedEndpointDto>(ENDPOINTS, {
      url: 'https://merchant.example/secret',
      event_types: ['webhook.ping'],
      description: 'bookkeeping',
    });
    expect(created.status).toBe(201);
    const { secret, ...rest } = created.body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(created.headers.get('location')).toBe(`${ENDPOINTS}/${rest.id}`);
    expect(rest).toMatchObject({
      object: 'webhook_endpoint',
      url: 'https://merchant.example/secret',
      event_types: ['webhook.ping'],
      description: 'bookkeeping',
      status: 'active',
      reason: null,
      held: 0,
      registered: true,
      named_by_bulk: false,
    });
    const read = await merchant.get(`${ENDPOINTS}/${rest.id}`);
    expect(read.body).toEqual(rest);
    const rotated = await merchant.post<{ secret: string }>(`${ENDPOINTS}/${rest.id}/rotate-secret`);
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(secret);
    const list = await merchant.get<ListOf<EndpointDto>>(ENDPOINTS);
    expect(list.body.data.map(({ id }) => id)).toContain(rest.id);
    expect(read.text + list.text).not.toContain('whsec_');
  });

  it('refuse URLs that lead inside, or nowhere', async () => {
    for (const url of [
      'https://169.254.169.254/',
      'http://public.example/',
      'ftp://merchant.example/',
      'nonsense',
      'https://10.0.0.1/',
      'https://[::]/',
    ]) {
      const answer = await merchant.post(ENDPOINTS, { url });
      expect(answer.status).toBe(422);
      expect(answer.body.errors?.[0]).toMatchObject({
        pointer: '/url',
        code: expect.stringMatching(/^(invalid|forbidden)_url$/),
      });
    }
    const unknown = await merchant.post(ENDPOINTS, {
      url: 'https://merchant.example/types',
      event_types: ['webhook.ping', 'payout.flown'],
    });
    expect(unknown.body.errors).toMatchObject([{ pointer: '/event_types/1', code: 'invalid_field' }]);
  });

  it('are one per URL, and unknown to everybody else', async () => {
    const created = await merchant.registerEndpoint('https://merchant.example/one');
    const again = await merchant.post(ENDPOINTS, { url: 'https://merchant.example/one' });
    expect(again.body).toMatchObject({ status: 409, code: 'endpoint_url_taken', existing_id: created.id });
    await other.registerEndpoint('https://merchant.example/one');
    const foreign = [
      await other.get(`${ENDPOINTS}/${created.id}`),
      await other.patch(`${ENDPOINTS}/${created.id}`, { description: 'x' }),
      await other.delete(`${ENDPOINTS}/${created.id}`),
      await other.post(`${ENDPOINTS}/${created.id}/ping`),
      await other.post(`${ENDPOINTS}/${created.id}/rotate-secret`),
      await other.post(`${ENDPOINTS}/${created.id}/disable`),
      await other.post(`${ENDPOINTS}/${created.id}/enable`, { backlog: 'drop' }),
    ];
    expect(foreign.map(({ body }) => body.code)).toEqual(Array.from({ length: 7 }, () => 'not_found'));
  });

  it('are a hundred at the most, counted over everybody who registers at once, until one is deleted', async () => {
    const many = await app.merchant();
    const register = (n: number) => many.post<CreatedEndpointDto>(ENDPOINTS, { url: `https://merchant.example/${n}` });
    for (let n = 0; n < 98; n += 7) await Promise.all([0, 1, 2, 3, 4, 5, 6].map((more) => register(n + more)));
    const last = await Promise.all([98, 99, 100, 101].map(register));
    expect(last.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 409, 409]);
    expect(last.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'too_many_endpoints' });
    const [registered] = last.filter(({ status }) => status === 201);
    await many.delete(`${ENDPOINTS}/${registered?.body.id}`);
    expect((await register(102)).status).toBe(201);
    expect((await register(103)).body).toMatchObject({ code: 'too_many_endpoints' });
  });

  it('are changed and deleted', async () => {
    const { id } = await merchant.registerEndpoint('https://merchant.example/changing', { event_types: ['webhook.ping'] });
    const changed = await merchant.patch<EndpointDto>(`${ENDPOINTS}/${id}`, {
      url: 'https://merchant.example/changed',
      event_types: null,
    });
    expect(changed.body).toMatchObject({ url: 'https://merchant.example/changed', event_types: null });
    await merchant.registerEndpoint('https://merchant.example/changing');
    const taken = await merchant.patch(`${ENDPOINTS}/${id}`, { url: 'https://merchant.example/changing' });
    expect(taken.body).toMatchObject({ status: 409, code: 'endpoint_url_taken' });
    expect((await merchant.delete(`${ENDPOINTS}/${id}`)).status).toBe(204);
    expect((await merchant.get(`${ENDPOINTS}/${id}`)).status).toBe(404);
    await merchant.registerEndpoint('https://merchant.example/changed');
  });

  it('are pinged, with a signature of both secrets while one is in its grace', async () => {
    const receiver = await receiverThat();
    const created = await merchant.registerEndpoint(receiver.url, { event_types: ['webhook.ping'] });
    const rotated = await merchant.post<{ secret: string }>(`${ENDPOINTS}/${created.id}/rotate-secret`, { grace_s: 60 });
    receiver.secrets.push(rotated.body.secret, created.secret, merchant.webhookSecret);
    const ping = await merchant.post<DeliveryDto>(`${ENDPOINTS}/${created.id}/ping`);
    expect(ping.status).toBe(202);
    await receiver.until((received) => received.length === 1);
    expect(receiver.received[0]).toMatchObject({
      id: ping.body.event_id,
      event: { type: 'webhook.ping', data: { endpoint_id: created.id } },
      verifiedBy: [rotated.body.secret, created.secret],
    });
    const delivery = await eventually(
      async () => (await merchant.get<DeliveryWithAttemptsDto>(`${DELIVERIES}/${ping.body.id}`)).body,
      ({ status }) => status === 'delivered',
    );
    expect(delivery.attempts).toMatchObject([{ number: 1, http_status: 204, error_class: null }]);
  });

  it('hold events while disabled, and let go what they are told to when enabled', async () => {
    const client = await app.merchant();
    const receiver = await receiverThat();
    const { id } = await client.registerEndpoint(receiver.url, { event_types: ['payout.created', 'payout.validation_failed'] });
    const at = (): Promise<EndpointDto> => client.get<EndpointDto>(`${ENDPOINTS}/${id}`).then(({ body }) => body);
    const fail = (count: number) => client.createValidated(Array.from({ length: count }, () => invalidItem()));

    await client.post(`${ENDPOINTS}/${id}/disable`);
    await fail(2);
    expect(await eventually(at, ({ held }) => held === 4)).toMatchObject({ status: 'disabled', reason: 'by_hand' });
    expect((await client.post(`${ENDPOINTS}/${id}/ping`)).body.code).toBe('endpoint_disabled');
    await client.post(`${ENDPOINTS}/${id}/enable`, { backlog: 'drop' });
    expect(await at()).toMatchObject({ status: 'active', held: 0 });

    await client.post(`${ENDPOINTS}/${id}/disable`);
    await fail(1);
    await eventually(at, ({ held }) => held === 2);
    for (const body of [
      { backlog: 'from' },
      { backlog: 'all', from: '2026-01-01T00:00:00Z' },
      { backlog: 'from', from: '2026-01-01' },
      { backlog: 'some' },
    ]) {
      expect((await client.post(`${ENDPOINTS}/${id}/enable`, body)).status).toBe(422);
    }
    // A changed URL takes along what is held.
    const elsewhere = await receiverThat();
    await client.patch(`${ENDPOINTS}/${id}`, { url: elsewhere.url });
    await client.post(`${ENDPOINTS}/${id}/enable`, { backlog: 'from', from: '2026-01-01T00:00:00Z' });
    await elsewhere.until((received) => received.length === 2);
    expect(elsewhere.received.map(({ event }) => event.type)).toEqual(['payout.created', 'payout.validation_failed']);
    expect(receiver.received).toEqual([]);
    const skipped = await client.get<ListOf<DeliveryDto>>(`${DELIVERIES}?endpoint_id=${id}&status=skipped`);
    expect(skipped.body.data).toHaveLength(4);
  });
});

describe("a bulk's webhook_url", () => {
  it("gets the bulk's events in order, signed with the merchant's secret, and is an endpoint that can be looked at", async () => {
    const receiver = await receiverThat({ secrets: [merchant.webhookSecret] });
    const bulk = await merchant.createBulk({ webhook_url: receiver.url, items: [validItem(), validItem()] });
    await merchant.untilAtRest(bulk.id);
    const feed = await eventually(
      () => merchant.events(`/v1/bulks/${bulk.id}/events`),
      (events) => events.at(-1)?.type === 'bulk.completed' || events.some(({ type }) => type === 'bulk.completed'),
    );
    await receiver.until((received) => new Set(received.map(({ id }) => id)).size === feed.length);
    for (const one of receiver.received) {
      expect(one.verifiedBy).toEqual([merchant.webhookSecret]);
      const { id, ...told } = feed.find((event) => event.id === one.id)!;
      expect(one.event).toEqual(told);
      expect(told.data.event_id).toBe(id);
    }
    for (const payout of await merchant.payouts(bulk.id)) {
      const sequences = receiver.received
        .filter(({ event }) => event.data['payout_id'] === payout.id)
        .map(({ event }) => event.data['sequence']);
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
      const own = await merchant.events(`/v1/payouts/${payout.id}/events`);
      expect(own.map(({ data }) => data.sequence)).toEqual(sequences);
    }
    const [lane] = (await merchant.get<ListOf<EndpointDto>>(`${ENDPOINTS}?registered=false`)).body.data;
    expect(lane).toMatchObject({ url: receiver.url, registered: false, named_by_bulk: true });
    expect((await merchant.delete(`${ENDPOINTS}/${lane!.id}`)).body.code).toBe('endpoint_named_by_bulk');
    const registered = await merchant.registerEndpoint(receiver.url);
    expect(registered).toMatchObject({ id: lane!.id, registered: true, named_by_bulk: true });
    expect((await merchant.patch(`${ENDPOINTS}/${lane!.id}`, { url: 'https://merchant.example/elsewhere' })).body.code).toBe(
      'endpoint_named_by_bulk',
    );
    expect((await merchant.delete(`${ENDPOINTS}/${lane!.id}`)).status).toBe(204);
    expect(await endpoint(lane!.id)).toMatchObject({ registered: false, named_by_bulk: true });
  });
});

describe('deliveries', () => {
  it('are listed by what they are of, and sent again with the same id and bytes', async () => {
    const client = await app.merchant();
    const deliveries = async (query: string): Promise<DeliveryDto[]> =>
      (await client.get<ListOf<DeliveryDto>>(`${DELIVERIES}?${query}`)).body.data;
    const receiver = await receiverThat();
    const bulk = await client.createValidated({ webhook_url: receiver.url, items: [invalidItem()] });
    const payout = await client.payoutOf(bulk.id);
    const all = await eventually(
      () => deliveries(`bulk_id=${bulk.id}`),
      (found) => found.length >= 5 && found.every(({ status }) => status === 'delivered'),
    );
    const ofPayout = await deliveries(`payout_id=${payout.id}`);
    expect(ofPayout.map(({ sequence }) => sequence)).toEqual(expect.arrayContaining([1, 2, 3]));
    expect(await deliveries(`endpoint_id=${all[0]!.endpoint_id}&status=delivered`)).toHaveLength(all.length);
    expect(await deliveries(`bulk_id=${bulk.id}&status=held`)).toEqual([]);
    expect(await deliveries('bulk_id=bulk_01h455vb4pex5vsknk084sn02q')).toEqual([]);
    expect(await deliveries('endpoint_id=nonsense')).toEqual([]);

    const [first] = ofPayout;
    expect((await other.post(`${DELIVERIES}/${first!.id}/resend`)).status).toBe(404);
    expect((await client.post(`${DELIVERIES}/${first!.id}/resend`)).status).toBe(202);
    await receiver.until((received) => received.some(({ id, times }) => id === first!.event_id && times === 2));
    const [one, two] = receiver.received.filter(({ id }) => id === first!.event_id);
    expect(two!.body.equals(one!.body)).toBe(true);
    const again = await eventually(
      async () => (await client.get<DeliveryWithAttemptsDto>(`${DELIVERIES}/${first!.id}`)).body,
      ({ attempts }) => attempts.length === 2,
    );
    expect(again.attempts.map(({ number }) => number)).toEqual([1, 2]);
  });
});

describe('lists of events', () => {
  it('filter, page and refuse like every list', async () => {
    const bulk = await merchant.createValidated([invalidItem()]);
    const payout = await merchant.payoutOf(bulk.id);
    const get = (query: string) => merchant.get<ListOf<FeedEvent>>(`/v1/events?${query}`);
    await eventually(
      () => merchant.events(`/v1/payouts/${payout.id}/events`),
      (events) => events.length === 3,
    );
    expect((await get(`payout_id=${payout.id}&limit=2`)).body).toMatchObject({
      object: 'list',
      has_more: true,
      data: [{ type: 'payout.created' }, {}],
    });
    expect((await get(`bulk_id=${bulk.id}&type=bulk.created`)).body.data).toHaveLength(1);
    expect((await get(`bulk_id=${bulk.id}&payout_id=${payout.id}`)).body.data).toHaveLength(3);
    expect((await get('bulk_id=bulk_01h455vb4pex5vsknk084sn02q')).body.data).toEqual([]);
    expect((await other.get<ListOf<FeedEvent>>(`/v1/events?bulk_id=${bulk.id}`)).body.data).toEqual([]);
    expect((await other.get(`/v1/events?after=${(await get('')).body.data[0]!.id}`)).body).toMatchObject({
      status: 400,
      code: 'invalid_cursor',
    });
    for (const path of [`/v1/bulks/${bulk.id}/events`, `/v1/payouts/${payout.id}/events`, '/v1/payouts/nonsense/events']) {
      expect((await other.get(path)).status).toBe(404);
    }
  });
});
