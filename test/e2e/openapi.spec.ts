import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer, ApiClient } from '../support/api-client.js';
import { type TestApp, testApp } from '../support/app.js';
import { assertEvent } from '../support/event-schema.js';
import { amountOf, invalidItem, newReference, tomorrow, validItem, validItems } from '../support/items.js';
import type { Bulk, FeedEvent, MerchantClient, Payout } from '../support/merchant-client.js';
import { assertAnswer, dotsDocument, openapiDocument, paypalDocument } from '../support/openapi-answers.js';

let app: TestApp;
let merchant: MerchantClient;

beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
});
afterAll(() => app.close());

/** What a route makes besides its answers: nothing that a reader of the document has to know. */
const UNDOCUMENTED = ['GET /docs/:name', 'GET /pay/:token', 'POST /pay/:token'];

interface Call {
  readonly as?: ApiClient;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls, holds the answer to the document, and gives it. */
async function call<Body = Record<string, never>>(method: string, path: string, given: Call = {}): Promise<Answer<Body>> {
  const answer = await (given.as ?? merchant).send<Body>(method, path, given);
  assertAnswer(method, path, answer);
  expect(answer.headers.get('Request-Id')).toMatch(/^req_/);
  return answer;
}

describe('the document', () => {
  it.each([
    ['/openapi.json', openapiDocument],
    ['/paypal/openapi.json', paypalDocument],
    ['/dots/openapi.json', dotsDocument],
  ])('is served as it was written, to anybody: %s', async (path, document) => {
    const { status, body, headers } = await app.client(null).get(path);
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(body).toEqual(document);
  });

  it('has every route that Express knows, or that of its door has, and no other', () => {
    const known = app
      .routes()
      .filter((route) => !UNDOCUMENTED.includes(route))
      .map((route) => route.replace(/:(\w+)/g, '{$1}'));
    const described = [openapiDocument, paypalDocument, dotsDocument]
      .flatMap(({ paths }) => Object.entries(paths))
      .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
    expect(described.sort()).toEqual(known.sort());
  });
});

describe('the page', () => {
  it('loads nothing from anywhere else, and everything it loads is there', async () => {
    const page = await fetch(`${app.url}/docs`);
    const html = await page.text();
    expect(page.headers.get('Content-Type')).toMatch(/^text\/html/);
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(loaded.length).toBeGreaterThan(3);
    for (const path of loaded) {
      expect(path).toMatch(/^\/(docs\/|openapi\.json)/);
      const asset = await fetch(app.url + path);
      expect([path, asset.status]).toEqual([path, 200]);
      expect((await asset.arrayBuffer()).byteLength).toBe(Number(asset.headers.get('Content-Length')));
    }
  });

  it('has no script or handler within it, which the content security policy would stop', async () => {
    const page = await fetch(`${app.url}/docs`);
    expect(page.headers.get('Content-Security-Policy')).toContain("script-src 'self';");
    expect(await page.text()).not.toMatch(/<script>|<script [^>]*>[^<]|\son\w+=/);
  });

  it('gives no file that the page does not load', async () => {
    for (const name of ['package.json', 'swagger-ui-bundle.js.map', '..%2fpackage.json', 'constructor']) {
      expect((await fetch(`${app.url}/docs/${name}`)).status).toBe(404);
    }
  });
});

describe('answers are as the document says', () => {
  it('of the whole life of a bulk', async () => {
    const body = {
      reference: newReference('bulk'),
      label: 'November payroll',
      metadata: { department: 'payroll' },
      scheduled_date: tomorrow(),
      timezone: 'Europe/Berlin',
      control_totals: { count: 10 },
      items: [...validItems(8), invalidItem(), invalidItem({ amount: 12, payout_method: 'none', billing_data: null })],
    };
    await call('POST', '/v1/bulks/validate', { body });
    const { body: bulk, headers } = await call<Bulk>('POST', '/v1/bulks', { body });
    expect(headers.get('Location')).toBe(`/v1/bulks/${bulk.id}`);
    await merchant.untilValidated(bulk.id);
    const at = `/v1/bulks/${bulk.id}`;
    const { headers: read } = await call('GET', at);
    expect(read.get('ETag')).toBe('"1"');
    await call('GET', '/v1/bulks?limit=1');
    const payouts = (await call<{ data: Payout[] }>('GET', `${at}/payouts`)).body.data;
    await call('GET', `/v1/payouts?status=VALIDATION_FAILED`);
    await call('PATCH', at, { body: { label: null, items: [{ reference: payouts[0]?.reference, amount: '7.00' }] } });
    await merchant.untilValidated(bulk.id);
    await call('PATCH', `/v1/payouts/${payouts[1]?.id ?? ''}`, { body: { metadata: { invoice: '7' } } });
    await call('GET', `/v1/payouts/${payouts[1]?.id ?? ''}/explanation`);
    await call('POST', `${at}/pause`);
    await call('POST', `${at}/resume`);
    await call('POST', `/v1/payouts/${payouts[2]?.id ?? ''}/cancel`);
    await call('POST', `${at}/cancel`, { body: {} });
    await call('GET', `${at}/events`);
    await call('GET', '/v1/events');
  });

  it('of payouts with every kind of fate, and of their events', async () => {
    const fates = [9001, 9002, 9003, 9004, 9005, 9007, 9010, 9011, 9012];
    const items = [validItem(), ...fates.map((digits) => validItem({ amount: amountOf(digits) }))];
    const bulk = await merchant.createBulk(items);
    await merchant.untilBulk(bulk.id, ({ counts }) => Object.keys(counts).every((status) => /PROCESSED|FAILED/.test(status)));
    const payouts = (await call<{ data: Payout[] }>('GET', `/v1/bulks/${bulk.id}/payouts`)).body.data;
    for (const { id } of payouts) {
      await call('GET', `/v1/payouts/${id}`);
      await call('GET', `/v1/payouts/${id}/attempts`);
      await call('GET', `/v1/payouts/${id}/explanation`);
      await call('GET', `/v1/payouts/${id}/events`);
      await call('POST', `/v1/payouts/${id}/retry`);
    }
    const events = await merchant.events();
    events.forEach(assertEvent);
    const types = new Set(events.map(({ type }) => type));
    for (const type of ['payout.edited', 'payout.processed', 'payout.retried', 'payout.intent_succeeded', 'bulk.completed'])
      expect(types).toContain(type);
  });

  it('of webhook endpoints and deliveries', async () => {
    const url = 'http://127.0.0.1:9/hooks';
    const { body: endpoint } = await call<{ id: string }>('POST', '/v1/webhook-endpoints', {
      body: { url, description: 'books' },
    });
    const at = `/v1/webhook-endpoints/${endpoint.id}`;
    await call('GET', at);
    await call('GET', '/v1/webhook-endpoints');
    await call('PATCH', at, { body: { event_types: ['bulk.completed'] } });
    await call('POST', `${at}/rotate-secret`, { body: {} });
    await call('POST', `${at}/disable`);
    await call('POST', `${at}/ping`);
    await call('POST', `${at}/enable`, { body: { backlog: 'drop' } });
    const { body: delivery } = await call<{ id: string }>('POST', `${at}/ping`);
    await call('GET', `/v1/webhook-deliveries/${delivery.id}`);
    await call('GET', '/v1/webhook-deliveries');
    await call('POST', `/v1/webhook-deliveries/${delivery.id}/resend`);
    await call('POST', '/v1/webhook-endpoints', { body: { url } });
    await call('DELETE', at);
    const events = (await call<{ data: FeedEvent[] }>('GET', '/v1/events?type=webhook.ping')).body.data;
    events.forEach(assertEvent);
  });

  it("of the operator's routes", async () => {
    const as = app.operator;
    const { body: made } = await call<{ id: string }>('POST', '/v1/operator/merchants', { as, body: { name: 'Lovelace' } });
    const at = `/v1/operator/merchants/${made.id}`;
    await call('GET', at, { as });
    await call('GET', '/v1/operator/merchants', { as });
    await call('PATCH', at, { as, body: { timezone: 'Europe/Berlin', limits: { max_amount: { EUR: '10' } } } });
    const { body: key } = await call<{ id: string }>('POST', `${at}/api-keys`, { as, body: { scopes: ['bulks:read'] } });
    await call('GET', `${at}/api-keys`, { as });
    await call('DELETE', `${at}/api-keys/${key.id}`, { as });
    await call('POST', `${at}/rotate-webhook-secret`, { as });
    await call('POST', `${at}/pause`, { as, body: { reason: 'A test.' } });
    await call('POST', `${at}/resume`, { as });
    const connector = { name: 'Main bank', type: 'http', config: { base_url: 'http://127.0.0.1:9', token: 'secret' } };
    const { body: bank } = await call<{ id: string }>('POST', '/v1/operator/connectors', { as, body: connector });
    const bankAt = `/v1/operator/connectors/${bank.id}`;
    await call('GET', bankAt, { as });
    await call('PATCH', bankAt, { as, body: { currencies: ['EUR'] } });
    await call('GET', `${bankAt}/ledger`, { as });
    await call('POST', `${bankAt}/pause`, { as, body: { reason: 'A test.' } });
    await call('POST', `${bankAt}/resume`, { as });
    const { body: connectors } = await call<{ data: { id: string; type: string }[] }>('GET', '/v1/operator/connectors', { as });
    const sandbox = connectors.data.find(({ type }) => type === 'sandbox');
    await call('GET', `/v1/operator/connectors/${sandbox?.id ?? ''}/ledger`, { as });
    await call('GET', '/v1/operator/status', { as });
  });

  it('of supervisors', async () => {
    const as = app.client(null);
    await call('GET', '/healthz', { as });
    await call('GET', '/readyz', { as });
  });

  it('of refusals', async () => {
    const refused = async (status: number, route: string, given: Call = {}): Promise<void> => {
      const [method = '', path = ''] = route.split(' ');
      expect([route, (await call(method, path, given)).status]).toEqual([route, status]);
    };
    const nothing = 'bulk_01kb4n3w2ze3rbz4jrd9qk6v1x';
    const bulk = await merchant.createBulk([validItem({ scheduled_date: tomorrow() })]);
    const at = `/v1/bulks/${bulk.id}`;
    await refused(400, 'GET /v1/bulks?limit=0');
    await refused(400, `GET /v1/bulks?starting_after=${nothing}`);
    await refused(400, 'POST /v1/bulks', { body: '{' });
    await refused(400, 'POST /v1/bulks', { body: '{"items":[],"items":[]}' });
    await refused(400, `PATCH ${at}`, { body: {}, headers: { 'If-Match': 'x' } });
    await refused(401, 'GET /v1/bulks', { as: app.client(null) });
    await refused(401, 'GET /metrics', { as: app.client('wrong') });
    await refused(403, 'GET /v1/operator/status');
    await refused(403, 'GET /v1/bulks', { as: app.operator });
    await refused(404, `GET /v1/bulks/${nothing}`);
    await refused(404, `POST /v1/connectors/${nothing}/notifications`, { as: app.client(null), body: {} });
    await refused(412, `POST ${at}/pause`, { headers: { 'If-Match': '"7"' } });
    await refused(415, 'POST /v1/bulks', { body: 'x', headers: { 'content-type': 'text/plain' } });
    await refused(422, 'POST /v1/bulks', { body: { items: [] } });
    await refused(422, 'POST /v1/bulks', { body: { items: [{}] } });
    await refused(422, 'POST /v1/bulks', { body: { items: [validItem()], surprise: 1 } });
    await refused(422, 'POST /v1/bulks', { body: { items: [validItem()], control_totals: { count: 2 } } });
    await refused(422, `PATCH ${at}`, { body: { items: [{ reference: 'unknown' }] } });
    await refused(422, `PATCH ${at}`, { body: { invalid_items: 'drop' } });
    await refused(422, `POST ${at}/cancel`, { body: { references: [] } });
  });

  it('under an idempotency key, the second time as the first', async () => {
    const given = {
      body: { items: [validItem({ scheduled_date: tomorrow() })] },
      headers: { 'Idempotency-Key': newReference() },
    };
    const first = await call<Bulk>('POST', '/v1/bulks', given);
    const second = await call<Bulk>('POST', '/v1/bulks', given);
    expect([second.headers.get('Idempotent-Replayed'), second.text]).toEqual(['true', first.text]);
    await call('POST', '/v1/bulks', { ...given, body: { items: [] } });
  });
});

describe('the check itself', () => {
  it('finds a route, a status and a member that the document does not have', () => {
    expect(() => assertAnswer('GET', '/v1/nowhere', { status: 200, body: {} })).toThrow(/no such route/);
    expect(() => assertAnswer('GET', '/v1/bulks', { status: 418, body: {} })).toThrow(/does not say of listBulks/);
    expect(() => assertAnswer('GET', '/v1/bulks', { status: 200, body: { object: 'list' } })).toThrow(/required property 'data'/);
    const problem = { type: 'urn:x', title: 'x', status: 401, detail: 'x', code: 'not_of_this_route', request_id: 'req_x' };
    expect(() => assertAnswer('GET', '/v1/bulks', { status: 401, body: problem })).toThrow(/allowed values/);
  });
});
