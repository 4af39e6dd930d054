import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, verify } from 'node:crypto';
import type {
  CreatedEndpointDto,
  EndpointWithHealthDto,
  WebhookKeysDto,
} from '../../src/webhooks/endpoints/endpoint-response.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { invalidItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { type Received, type Receiver, startReceiver } from '../support/receiver-server.js';
import { eventually } from '../support/until.js';

const ENDPOINTS = '/v1/webhook-endpoints';
const KEYS = '/.well-known/tranche-webhook-keys';
let app: TestApp;
let merchant: MerchantClient;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => app.close());

async function receiverThat(): Promise<Receiver> {
  const receiver = await startReceiver();
  closing.push(() => receiver.close());
  return receiver;
}

async function register(body: object): Promise<CreatedEndpointDto> {
  const answer = await merchant.post<CreatedEndpointDto>(ENDPOINTS, body);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.body;
}

const endpoint = async (id: string): Promise<EndpointWithHealthDto> =>
  (await merchant.get<EndpointWithHealthDto>(`${ENDPOINTS}/${id}`)).body;

/** Pings an endpoint and gives what came. */
async function pinged(receiver: Receiver, id: string): Promise<Received> {
  const before = receiver.received.length;
  expect((await merchant.post(`${ENDPOINTS}/${id}/ping`)).status).toBe(202);
  await receiver.until((received) => received.length > before);
  return receiver.received[before]!;
}

const keysOf = async (id: string) => app.client(null).get<WebhookKeysDto>(`${KEYS}?endpoint_id=${id}`);

/** Whether one of the ed25519 signatures is made with the key. */
function verifiesAsymmetrically({ headers, body }: Received, publicKey: string): boolean {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey.slice(5), 'base64')]);
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id'] ?? ''}.${headers['webhook-timestamp'] ?? ''}.`), body]);
  return (headers['webhook-signature'] ?? '')
    .split(' ')
    .filter((signature) => signature.startsWith('v1a,'))
    .some((signature) =>
      verify(
        null,
        signed,
        createPublicKey({ key: spki, format: 'der', type: 'spki' }),
        Buffer.from(signature.slice(4), 'base64'),
      ),
    );
}

describe('the URL of an endpoint', () => {
  it.each([
    ['a line end', 'https://merchant.example/ho\noks', 'invalid_url'],
    ['a tab in the host', 'https://merchant\t.example/', 'invalid_url'],
    ['a control character', 'https://merchant.example/\u0001', 'invalid_url'],
    ['a C1 control character', 'https://merchant.example/\u0085', 'invalid_url'],
    ['NUL', 'https://merchant.example/\0', 'invalid_field'],
    ['a user name', 'https://user@merchant.example/', 'invalid_url'],
    ['a user name and password', 'https://user:word@merchant.example/', 'invalid_url'],
    ['a port of another service', 'https://merchant.example:22/', 'forbidden_url'],
    ['an odd port', 'https://merchant.example:8080/', 'forbidden_url'],
    ['http', 'http://merchant.example/hooks', 'forbidden_url'],
    ['http on the port of https', 'http://merchant.example:443/hooks', 'forbidden_url'],
    ['an address inside', 'https://192.168.0.1/', 'forbidden_url'],
  ])('is refused with %s', async (_, url, code) => {
    const created = await merchant.post(ENDPOINTS, { url });
    const { id } = await register({ url: `https://merchant.example/${encodeURIComponent(_)}` });
    const changed = await merchant.patch(`${ENDPOINTS}/${id}`, { url });
    for (const { status, body } of [created, changed]) {
      expect(status).toBe(422);
      expect(body.errors).toMatchObject([{ pointer: '/url', code }]);
    }
  });
});

describe('headers of an endpoint', () => {
  it('are sent with every delivery, and shown by name only', async () => {
    const receiver = await receiverThat();
    const created = await register({ url: receiver.url, headers: { Authorization: 'Bearer opensesame', 'X-Tenant': 'blue' } });
    expect(created.header_names).toEqual(['Authorization', 'X-Tenant']);
    expect((await pinged(receiver, created.id)).headers).toMatchObject({
      authorization: 'Bearer opensesame',
      'x-tenant': 'blue',
    });

    const changed = await merchant.patch<EndpointWithHealthDto>(`${ENDPOINTS}/${created.id}`, { headers: { 'X-Other': '1' } });
    expect(changed.body.header_names).toEqual(['X-Other']);
    const { headers } = await pinged(receiver, created.id);
    expect(headers).toMatchObject({ 'x-other': '1', 'user-agent': 'Tranche-Webhooks/1' });
    expect(headers).not.toHaveProperty('authorization');

    await merchant.patch(`${ENDPOINTS}/${created.id}`, { description: 'the headers stay' });
    expect((await endpoint(created.id)).header_names).toEqual(['X-Other']);
    await merchant.patch(`${ENDPOINTS}/${created.id}`, { headers: null });
    expect((await pinged(receiver, created.id)).headers).not.toHaveProperty('x-other');
  });

  it('are refused by name where they are not safe to send', async () => {
    const answer = await merchant.post(ENDPOINTS, {
      url: 'https://merchant.example/unsafe',
      headers: { Host: 'inside', 'webhook-id': 'event_x', 'X-Key': 'a\r\nb', 'X-Fine': 'a' },
    });
    expect(answer.body.errors).toMatchObject([
      { pointer: '/headers/Host', code: 'forbidden_header' },
      { pointer: '/headers/webhook-id', code: 'forbidden_header' },
      { pointer: '/headers/X-Key', code: 'invalid_field' },
    ]);
    expect(answer.text).not.toContain('inside');
    for (const headers of [7, 'X-Key: a', ['X-Key'], { 'X-Key': 7 }])
      expect((await merchant.post(ENDPOINTS, { url: 'https://merchant.example/unsafe', headers })).status).toBe(422);
  });
});

describe('ed25519 signatures', () => {
  it('stand beside v1 where they are asked for, and verify with the published keys, the replaced one too until its grace ends', async () => {
    const receiver = await receiverThat();
    const created = await register({ url: receiver.url, asymmetric: true });
    receiver.secrets.push(created.secret);
    const [first] = created.public_keys;
    expect(created).toMatchObject({ asymmetric: true, public_keys: [{ expires_at: null }] });
    const published = await keysOf(created.id);
    expect(published.body).toEqual({ keys: created.public_keys });
    expect(published.headers.get('cache-control')).toBe('public, max-age=300');
    const ping = await pinged(receiver, created.id);
    expect(ping.verifiedBy).toEqual([created.secret]);
    expect(verifiesAsymmetrically(ping, first!.key)).toBe(true);

    const rotated = await merchant.post<{ secret: string }>(`${ENDPOINTS}/${created.id}/rotate-secret`, { grace_s: 60 });
    receiver.secrets.push(rotated.body.secret);
    const { keys } = (await keysOf(created.id)).body;
    expect(keys.map(({ key, expires_at }) => [key === first!.key, expires_at !== null])).toEqual([
      [false, false],
      [true, true],
    ]);
    const inGrace = await pinged(receiver, created.id);
    expect(inGrace.verifiedBy).toEqual([created.secret, rotated.body.secret]);
    for (const { key } of keys) expect(verifiesAsymmetrically(inGrace, key)).toBe(true);

    await merchant.post(`${ENDPOINTS}/${created.id}/rotate-secret`, { grace_s: 0 });
    const after = await merchant.patch<EndpointWithHealthDto>(`${ENDPOINTS}/${created.id}`, { asymmetric: false });
    expect(after.body).toMatchObject({ asymmetric: false, public_keys: [] });
    expect((await keysOf(created.id)).body).toEqual({ keys: [] });
    expect((await pinged(receiver, created.id)).headers['webhook-signature']).not.toContain('v1a');
  });

  it('are each endpoint’s own, and say nothing of endpoints that have none or are none', async () => {
    const urls = ['https://merchant.example/key-1', 'https://merchant.example/key-2', 'https://merchant.example/key-3'];
    const [one, two, none] = [
      await register({ url: urls[0], asymmetric: true }),
      await register({ url: urls[1], asymmetric: true }),
      await register({ url: urls[2] }),
    ];
    expect(one.public_keys[0]!.key).not.toBe(two.public_keys[0]!.key);
    for (const id of [none.id, 'endpoint_01h455vb4pex5vsknk084sn02q', 'nonsense']) {
      expect((await keysOf(id)).body).toEqual({ keys: [] });
    }
    expect((await app.client(null).get(KEYS)).status).toBe(400);
    await merchant.delete(`${ENDPOINTS}/${one.id}`);
    expect((await keysOf(one.id)).body).toEqual({ keys: [] });
  });
});

describe('what is kept of an endpoint', () => {
  it('shows no secret, no private key and no header in any table', async () => {
    const { id, secret } = await register({
      url: 'https://merchant.example/kept',
      asymmetric: true,
      headers: { Authorization: 'Bearer swordfish' },
    });
    const rotated = await merchant.post<{ secret: string }>(
      `${ENDPOINTS}/${id}/rotate-secret`,
      {},
      { 'idempotency-key': 'a-kept-rotation' },
    );
    const stored = await app.stored();
    for (const part of ['swordfish', 'whsec_', 'whsk_', secret.slice(6, 26), rotated.body.secret.slice(6, 26)]) {
      expect([part, stored.includes(part)]).toEqual([part, false]);
    }
    // The id of the key that it is sealed under lies before it, for the day that key is replaced.
    expect(stored).toContain('\u0001\u0004test');
  });
});

describe('how an endpoint fares', () => {
  it('is told where one is read: what waits since when, and how long first deliveries took', async () => {
    const client = await app.merchant();
    const receiver = await receiverThat();
    const created = (await client.post<CreatedEndpointDto>(ENDPOINTS, { url: receiver.url, rate_per_second: 500 })).body;
    expect(created).toMatchObject({
      rate_per_second: 500,
      oldest_waiting_at: null,
      latency: { deliveries: 0, p50_ms: null, p99_ms: null },
    });
    const at = async () => (await client.get<EndpointWithHealthDto>(`${ENDPOINTS}/${created.id}`)).body;
    const bulk = await client.createValidated([invalidItem()]);
    const fared = await eventually(at, ({ latency }) => latency.deliveries === 5);
    expect(fared.latency.p50_ms).toBeGreaterThanOrEqual(0);
    expect(fared.latency.p99_ms).toBeGreaterThanOrEqual(fared.latency.p50_ms!);
    expect(fared.last_success_at).not.toBeNull();

    const job = await client.post<{ id: string }>('/v1/webhook-deliveries/resend', { bulk_id: bulk.id });
    await eventually(
      async () => (await client.get<{ status: string }>(`/v1/webhook-resends/${job.body.id}`)).body.status,
      (status) => status === 'finished',
    );
    expect((await at()).latency.deliveries).toBe(0);

    await client.post(`${ENDPOINTS}/${created.id}/disable`);
    const held = await client.createValidated([invalidItem()]);
    const disabled = await eventually(at, ({ held: count }) => count === 5);
    const [first] = await client.events(`/v1/bulks/${held.id}/events`);
    expect(disabled.oldest_waiting_at).toBe(first!.timestamp);
    for (const rate_per_second of [0, -1, 1.5, 10_001, '5'])
      expect((await client.patch(`${ENDPOINTS}/${created.id}`, { rate_per_second })).status).toBe(422);
    const free = await client.patch<EndpointWithHealthDto>(`${ENDPOINTS}/${created.id}`, { rate_per_second: null });
    expect(free.body.rate_per_second).toBeNull();
  });
});
