import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { newReference, tomorrow, validItem, validItems } from '../support/items.js';
import type { Bulk, FeedEvent, MerchantClient, Payout } from '../support/merchant-client.js';

/** Ids that are well formed and name nothing, and ids that are no ids at all. */
const UNKNOWN = { bulk: 'bulk_01kb4n3w2ze3rbz4jrd9qk6v1x', payout: 'payout_01kb4n3w2ze3rbz4jrd9qk6v1x' };

describe('Of another merchant', () => {
  let app: TestApp;
  let owner: MerchantClient;
  let stranger: MerchantClient;
  let bulk: Bulk;
  let payout: Payout;
  beforeAll(async () => {
    app = await testApp();
    owner = await app.merchant();
    stranger = await app.merchant();
    bulk = await owner.createValidated({
      webhook_url: 'http://127.0.0.1:9/hooks',
      items: validItems(2, { scheduled_date: tomorrow() }),
    });
    payout = (await owner.payouts(bulk.id))[0]!;
  });
  afterAll(() => app.close());

  const ROUTES: [method: string, path: string, body: object | undefined][] = [
    ['GET', '/v1/bulks/{bulk}', undefined],
    ['PATCH', '/v1/bulks/{bulk}', { label: 'mine' }],
    ['POST', '/v1/bulks/{bulk}/cancel', undefined],
    ['POST', '/v1/bulks/{bulk}/pause', undefined],
    ['POST', '/v1/bulks/{bulk}/resume', undefined],
    ['GET', '/v1/bulks/{bulk}/payouts', undefined],
    ['GET', '/v1/bulks/{bulk}/events', undefined],
    ['GET', '/v1/payouts/{payout}', undefined],
    ['PATCH', '/v1/payouts/{payout}', { amount: '1.00' }],
    ['POST', '/v1/payouts/{payout}/cancel', undefined],
    ['POST', '/v1/payouts/{payout}/retry', undefined],
    ['GET', '/v1/payouts/{payout}/events', undefined],
    ['GET', '/v1/payouts/{payout}/attempts', undefined],
    ['GET', '/v1/payouts/{payout}/explanation', undefined],
  ];

  it.each(ROUTES)('%s %s is the same 404 as an unknown id, byte for byte', async (method, path, body) => {
    const ask = async (ids: { bulk: string; payout: string }): Promise<[number, string]> => {
      const answer = await stranger.send(method, path.replace('{bulk}', ids.bulk).replace('{payout}', ids.payout), { body });
      return [answer.status, answer.text.replace(answer.body.request_id, '')];
    };
    const foreign = await ask({ bulk: bulk.id, payout: payout.id });
    expect(foreign[0]).toBe(404);
    expect(await ask(UNKNOWN)).toEqual(foreign);
    expect(await ask({ bulk: 'nonsense', payout: 'nonsense' })).toEqual(foreign);
    // An id of the right kind that is not its owner's way to write it.
    expect(await ask({ bulk: payout.id, payout: bulk.id })).toEqual(foreign);
    // A stale version tells nothing either.
    const matched = await stranger.send(method, path.replace('{bulk}', bulk.id).replace('{payout}', payout.id), {
      body,
      headers: { 'if-match': '"77"' },
    });
    expect([matched.status, matched.text.replace(matched.body.request_id, '')]).toEqual(foreign);
  });

  it('nothing is changed by all of that', async () => {
    expect(await owner.bulk(bulk.id)).toEqual(bulk);
    expect(await owner.payout(payout.id)).toEqual(payout);
  });

  it('nothing is in any list', async () => {
    for (const path of [
      '/v1/bulks',
      '/v1/payouts',
      `/v1/bulks?reference=${String(bulk.reference)}`,
      `/v1/payouts?reference=${payout.reference}`,
      '/v1/webhook-endpoints',
      '/v1/webhook-deliveries',
    ]) {
      expect(await stranger.all(path)).toEqual([]);
    }
    expect(await stranger.events()).toEqual([]);
  });

  it('a filter by its id is an empty list', async () => {
    for (const path of [`/v1/events?bulk_id=${bulk.id}`, `/v1/events?payout_id=${payout.id}`, `/v1/events?payout_id=nonsense`]) {
      expect(await stranger.events(path)).toEqual([]);
    }
    const endpoints = await owner.all<{ endpoint_id: string }>('/v1/webhook-deliveries');
    expect(endpoints.length).toBeGreaterThan(0);
    for (const filter of [`bulk_id=${bulk.id}`, `payout_id=${payout.id}`, `endpoint_id=${endpoints[0]!.endpoint_id}`]) {
      expect(await stranger.all(`/v1/webhook-deliveries?${filter}`)).toEqual([]);
      expect((await owner.all(`/v1/webhook-deliveries?${filter}`)).length).toBeGreaterThan(0);
    }
  });

  it('no id is a cursor', async () => {
    const [event] = await owner.events();
    const cursors: [string, string][] = [
      ['/v1/bulks?starting_after=', bulk.id],
      ['/v1/payouts?ending_before=', payout.id],
      ['/v1/events?after=', (event as FeedEvent).id],
    ];
    const mine = await stranger.createBulk([validItem()]);
    cursors.push([`/v1/bulks/${mine.id}/payouts?starting_after=`, payout.id]);
    for (const [path, id] of cursors) {
      const answer = await stranger.get(`${path}${id}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
    }
  });

  it('deliveries and endpoints are the same 404 as unknown ones', async () => {
    const [delivery] = await owner.all<{ id: string; endpoint_id: string }>('/v1/webhook-deliveries');
    const endpoint = await owner.post<{ id: string }>('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/registered' });
    const routes: [string, string, string][] = [
      ['GET', '/v1/webhook-deliveries/', delivery!.id],
      ['GET', '/v1/webhook-endpoints/', endpoint.body.id],
      ['DELETE', '/v1/webhook-endpoints/', endpoint.body.id],
      ['PATCH', '/v1/webhook-endpoints/', endpoint.body.id],
    ];
    for (const [method, path, id] of routes) {
      const ask = async (asked: string): Promise<[number, string]> => {
        const answer = await stranger.send(method, `${path}${asked}`, method === 'PATCH' ? { body: {} } : {});
        return [answer.status, answer.text.replace(answer.body.request_id, '')];
      };
      const foreign = await ask(id);
      expect(foreign[0]).toBe(404);
      expect(await ask(id.replace(/_.*/, '_01kb4n3w2ze3rbz4jrd9qk6v1x'))).toEqual(foreign);
      expect(await ask('nonsense')).toEqual(foreign);
    }
    expect((await owner.get(`/v1/webhook-endpoints/${endpoint.body.id}`)).status).toBe(200);
  });

  it('references, bulk references and idempotency keys are free', async () => {
    const reference = newReference('payroll');
    const body = { reference, items: [validItem({ reference: payout.reference, scheduled_date: tomorrow() })] };
    const headers = { 'idempotency-key': newReference() };
    expect((await stranger.post('/v1/bulks', body, headers)).status).toBe(201);
    const answer = await owner.post<Bulk>('/v1/bulks', { ...body, items: [validItem()] }, headers);
    expect(answer.status).toBe(201);
    const mine = await stranger.all<Payout>(`/v1/payouts?reference=${payout.reference}`);
    expect((await stranger.untilPayout(mine[0]!.id, ({ status }) => !status.startsWith('VALIDATION_P'))).status).not.toBe(
      'VALIDATION_FAILED',
    );
  });
});

describe('Keys', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testApp({ roles: new Set(['api']) });
  });
  afterAll(() => app.close());

  it('of merchants open no operator route, and the operator’s no merchant route', async () => {
    const merchant = await app.merchant();
    for (const path of [
      '/v1/operator/merchants',
      '/v1/operator/connectors',
      '/v1/operator/status',
      `/v1/operator/merchants/${merchant.id}`,
    ]) {
      const answer = await merchant.get(path);
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
    for (const path of ['/v1/bulks', '/v1/payouts', '/v1/events', '/v1/webhook-endpoints']) {
      const answer = await app.operator.get(path);
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
  });

  it('open what their scopes say and nothing else', async () => {
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk([validItem()]);
    const routes: Record<string, [string, string, object?]> = {
      'bulks:read': ['GET', `/v1/bulks/${bulk.id}`],
      'bulks:write': ['POST', `/v1/bulks/${bulk.id}/pause`],
      'payouts:cancel': ['POST', `/v1/bulks/${bulk.id}/cancel`],
      'events:read': ['GET', '/v1/events'],
      'webhooks:read': ['GET', '/v1/webhook-endpoints'],
      'webhooks:write': ['POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/' }],
    };
    for (const scope of Object.keys(routes)) {
      const made = await app.operator.post<{ api_key: string }>(`/v1/operator/merchants/${merchant.id}/api-keys`, {
        scopes: [scope],
      });
      expect(made.status).toBe(201);
      const client = app.client(made.body.api_key);
      for (const [needed, [method, path, body]] of Object.entries(routes)) {
        const answer = await client.send(method, path, { body });
        expect([scope, needed, answer.status === 403]).toEqual([scope, needed, scope !== needed]);
      }
    }
  });

  it('that are revoked or expired are refused like unknown ones', async () => {
    const merchant = await app.merchant();
    const made = await app.operator.post<{ id: string; api_key: string }>(`/v1/operator/merchants/${merchant.id}/api-keys`, {});
    const client = app.client(made.body.api_key);
    expect((await client.get('/v1/bulks')).status).toBe(200);
    const revoked = await app.operator.delete(`/v1/operator/merchants/${merchant.id}/api-keys/${made.body.id}`);
    expect(revoked.status).toBe(204);
    const refused = await client.get('/v1/bulks');
    const unknown = await app.client('tr_test_unknown').get('/v1/bulks');
    expect([refused.status, refused.text.replace(refused.body.request_id, '')]).toEqual([
      401,
      unknown.text.replace(unknown.body.request_id, ''),
    ]);
  });
});
