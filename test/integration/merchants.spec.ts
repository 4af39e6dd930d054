import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { type TestDatabase, testDatabase, testSealer } from '../support/index.js';
import { until } from '../support/until.js';
import { type Answered, type MerchantsApp, startMerchantsApp } from './merchants-app.js';

const MERCHANTS = '/v1/operator/merchants';

let db: TestDatabase;
let app: MerchantsApp;

beforeAll(async () => {
  db = await testDatabase();
  app = await startMerchantsApp(db);
});

afterAll(async () => {
  await app.close();
  await db.close();
});

const create = async (fields: object = {}): Promise<Answered['json']> => {
  const answer = await app.call('POST', MERCHANTS, { name: 'Lovelace Analytical', ...fields });
  expect(answer.status).toBe(201);
  return answer.json;
};

const row = async (id: unknown): Promise<Record<string, unknown>> => {
  const [found] = await db.transactions.asEngine((tx) =>
    tx.query('SELECT * FROM merchant WHERE id = $1', [fromTypeId('merchant', String(id))]),
  );
  return found ?? {};
};

const secretsOf = async (id: unknown): Promise<{ secret: string; expires_at: string | null }[]> => {
  const uuid = fromTypeId('merchant', String(id));
  const sealed = (await row(id))['webhook_secrets'] as Buffer;
  return JSON.parse(testSealer.open(sealed, `merchant:${String(uuid)}:webhook_secrets`)) as {
    secret: string;
    expires_at: string | null;
  }[];
};

const pointersOf = (answer: Answered): unknown[] =>
  (answer.json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer).sort();

describe('making a merchant', () => {
  it('answers its key and its signing secret', async () => {
    const answer = await app.call('POST', MERCHANTS, {
      name: 'Ada',
      timezone: 'Europe/Berlin',
      limits: { max_amount: { EUR: '10000', JPY: '5' } },
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^merchant_/),
      object: 'merchant',
      name: 'Ada',
      timezone: 'Europe/Berlin',
      connector_id: null,
      limits: { max_amount: { EUR: '10000.00', JPY: '5' } },
      paused: false,
      paused_at: null,
      pause_reason: null,
      resumed_at: null,
      resume_reason: null,
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
      api_key_id: expect.stringMatching(/^key_/),
      api_key: expect.stringMatching(/^tr_live_/),
      webhook_signing_secret: expect.stringMatching(/^whsec_/),
    });
    expect(answer.headers.get('Location')).toBe(`${MERCHANTS}/${String(answer.json['id'])}`);
  });

  it('never answers a secret again', async () => {
    const made = await create();
    const id = String(made['id']);
    const answers = await Promise.all([
      app.call('GET', `${MERCHANTS}/${id}`),
      app.call('GET', `${MERCHANTS}?limit=1000`),
      app.call('GET', `${MERCHANTS}/${id}/api-keys`),
      app.call('PATCH', `${MERCHANTS}/${id}`, { name: 'Renamed' }),
      app.call('POST', `${MERCHANTS}/${id}/pause`, { reason: 'test' }),
    ]);
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toContain(String(made['api_key']).slice(-49));
      expect(text).not.toMatch(/whsec_|secret|hash/);
    }
  });

  it('keeps the signing secret sealed', async () => {
    const made = await create();
    const sealed = (await row(made['id']))['webhook_secrets'] as Buffer;
    expect(sealed.toString('latin1')).not.toContain(String(made['webhook_signing_secret']).slice('whsec_'.length));
    expect(await secretsOf(made['id'])).toEqual([{ secret: made['webhook_signing_secret'], expires_at: null }]);
  });

  it('gives the same merchant and secrets again under one idempotency key', async () => {
    const body = { name: 'Once' };
    const first = await app.call('POST', MERCHANTS, body, { idempotencyKey: 'make-once' });
    const second = await app.call('POST', MERCHANTS, body, { idempotencyKey: 'make-once' });
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    expect(second.text).toBe(first.text);
    const kept = await db.transactions.asEngine((tx) =>
      tx.query<{ response_body: Buffer }>(`SELECT response_body FROM idempotency_key WHERE key = 'make-once'`),
    );
    expect(kept[0]?.response_body.toString('latin1')).not.toContain(String(first.json['api_key']));
  });

  it('tells every fault at once, by pointer, and repeats no value', async () => {
    const answer = await app.call('POST', MERCHANTS, {
      name: 'Ada',
      timezone: '+01:00',
      connector_id: 'connector_00000000000000000000000000',
      limits: { max_amount: { EUR: '1.234', XTS: '1', USD: 5, 'A/B': '1', GBP: '0' }, max_count: 3 },
    });
    expect(answer.status).toBe(422);
    expect(answer.json['code']).toBe('invalid_field');
    expect(pointersOf(answer)).toEqual([
      '/connector_id',
      '/limits/max_amount/A~1B',
      '/limits/max_amount/EUR',
      '/limits/max_amount/GBP',
      '/limits/max_amount/USD',
      '/limits/max_amount/XTS',
      '/limits/max_count',
      '/timezone',
    ]);
    expect(answer.text).not.toContain('+01:00');
  });

  it.each([
    ['no name', {}, '/name'],
    ['an empty name', { name: '' }, '/name'],
    ['a name with a control character', { name: 'a\u0007' }, '/name'],
    ['an unknown field', { name: 'Ada', secret: 'x' }, '/secret'],
    ['limits that are a list', { name: 'Ada', limits: [] }, '/limits'],
  ])('refuses %s', async (_, body, pointer) => {
    const answer = await app.call('POST', MERCHANTS, body);
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual([pointer]);
  });

  it('serves the operator only', async () => {
    const { api_key } = await create();
    expect((await app.call('GET', MERCHANTS, undefined, { key: null })).status).toBe(401);
    expect((await app.call('GET', MERCHANTS, undefined, { key: 'op_of_somebody' })).status).toBe(401);
    expect((await app.call('GET', MERCHANTS, undefined, { key: String(api_key) })).status).toBe(403);
  });
});

describe('changing a merchant', () => {
  it('leaves what is not given, and removes what is null', async () => {
    const { id } = await create({ timezone: 'Asia/Tokyo', limits: { max_amount: { USD: '1' } } });
    const renamed = await app.call('PATCH', `${MERCHANTS}/${String(id)}`, { name: 'New' });
    expect(renamed.json).toMatchObject({ name: 'New', timezone: 'Asia/Tokyo', limits: { max_amount: { USD: '1.00' } } });
    const cleared = await app.call('PATCH', `${MERCHANTS}/${String(id)}`, { timezone: null, limits: null });
    expect(cleared.json).toMatchObject({ name: 'New', timezone: null, limits: {} });
    expect((await app.call('GET', `${MERCHANTS}/${String(id)}`)).json).toEqual(cleared.json);
  });

  it('refuses a name of null, and changes nothing where one field is wrong', async () => {
    const { id } = await create();
    expect(pointersOf(await app.call('PATCH', `${MERCHANTS}/${String(id)}`, { name: null }))).toEqual(['/name']);
    expect((await app.call('PATCH', `${MERCHANTS}/${String(id)}`, { name: 'No', timezone: 'Mars/Olympus' })).status).toBe(422);
    expect((await app.call('GET', `${MERCHANTS}/${String(id)}`)).json['name']).toBe('Lovelace Analytical');
  });

  it('answers 404 for a merchant that does not exist, and for an id of another kind', async () => {
    const unknown = 'merchant_01jd3q8yv6f5w9x2k4m7n0p1rs';
    const calls: [string, string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'x' }],
      ['GET', '/api-keys'],
      ['POST', '/api-keys', {}],
      ['DELETE', '/api-keys/key_01jd3q8yv6f5w9x2k4m7n0p1rs'],
      ['POST', '/rotate-webhook-secret', {}],
      ['POST', '/pause', { reason: 'x' }],
      ['POST', '/resume'],
    ];
    for (const [method, path, body] of calls) {
      const answer = await app.call(method, `${MERCHANTS}/${unknown}${path}`, body);
      expect([method, path, answer.status, answer.json['code']]).toEqual([method, path, 404, 'not_found']);
    }
    expect((await app.call('GET', `${MERCHANTS}/bulk_01jd3q8yv6f5w9x2k4m7n0p1rs`)).status).toBe(404);
  });
});

describe('listing merchants', () => {
  it('is newest first, in pages', async () => {
    const made = [await create(), await create(), await create()].map(({ id }) => id);
    const first = await app.call('GET', `${MERCHANTS}?limit=2`);
    expect(first.json).toMatchObject({ object: 'list', has_more: true });
    expect(first.json.data?.map(({ id }) => id)).toEqual([made[2], made[1]]);
    const second = await app.call('GET', `${MERCHANTS}?limit=1&starting_after=${String(made[1])}`);
    expect(second.json.data?.map(({ id }) => id)).toEqual([made[0]]);
    expect((await app.call('GET', `${MERCHANTS}?starting_after=merchant_x`)).json['code']).toBe('invalid_cursor');
  });
});

describe('rotating the signing secret', () => {
  it('lets the old one sign for a day beside the new one', async () => {
    const made = await create();
    const path = `${MERCHANTS}/${String(made['id'])}/rotate-webhook-secret`;
    const rotated = await app.call('POST', path);
    expect(rotated.status).toBe(200);
    const secrets = await secretsOf(made['id']);
    expect(secrets).toEqual([
      { secret: rotated.json['webhook_signing_secret'], expires_at: null },
      { secret: made['webhook_signing_secret'], expires_at: expect.any(String) },
    ]);
    const updated = (await row(made['id']))['updated_at'] as Date;
    expect(new Date(secrets[1]?.expires_at ?? '').getTime() - updated.getTime()).toBe(86_400_000);
  });

  it('ends the old one at once with a grace of 0', async () => {
    const made = await create();
    const rotated = await app.call('POST', `${MERCHANTS}/${String(made['id'])}/rotate-webhook-secret`, { grace_s: 0 });
    expect(await secretsOf(made['id'])).toEqual([{ secret: rotated.json['webhook_signing_secret'], expires_at: null }]);
  });

  it.each([-1, 604_801, 1.5, '60'])('refuses a grace of %j', async (grace_s) => {
    const { id } = await create();
    expect((await app.call('POST', `${MERCHANTS}/${String(id)}/rotate-webhook-secret`, { grace_s })).status).toBe(422);
  });
});

describe('the brakes', () => {
  it('keep the reason and show it until the resume', async () => {
    const { id } = await create();
    const path = `${MERCHANTS}/${String(id)}`;
    const paused = await app.call('POST', `${path}/pause`, { reason: 'first' });
    expect(paused.status).toBe(200);
    expect(paused.json).toMatchObject({ paused: true, pause_reason: 'first', paused_at: expect.any(String) });
    const again = await app.call('POST', `${path}/pause`, { reason: 'second' });
    expect(again.json).toMatchObject({ pause_reason: 'second', paused_at: paused.json['paused_at'] });
    expect((await app.call('GET', path)).json).toEqual(again.json);
    expect((await app.call('POST', `${path}/resume`)).json).toMatchObject({ paused: false, pause_reason: null, paused_at: null });
    expect((await app.call('POST', `${path}/resume`)).status).toBe(200);
  });

  it('keep the reason of the last resume through later pauses', async () => {
    const { id } = await create();
    for (const path of [`${MERCHANTS}/${String(id)}`, '/v1/operator']) {
      await app.call('POST', `${path}/pause`, { reason: 'a question' });
      const resumed = await app.call('POST', `${path}/resume`, { reason: 'answered' });
      expect(resumed.json).toMatchObject({ paused: false, resume_reason: 'answered', resumed_at: expect.any(String) });
      const again = await app.call('POST', `${path}/pause`, { reason: 'another' });
      expect(again.json).toMatchObject({ pause_reason: 'another', resume_reason: 'answered' });
      expect((await app.call('POST', `${path}/resume`, { reason: null })).json).toMatchObject({ resume_reason: null });
      expect((await app.call('POST', `${path}/resume`, { reason: '' })).status).toBe(422);
    }
    await app.call('POST', '/v1/operator/resume', { reason: 'all is well' });
    expect((await app.call('GET', '/v1/operator/status')).json).toMatchObject({ resume_reason: 'all is well' });
  });

  it('stop the engine, and show it in the status', async () => {
    const paused = await app.call('POST', '/v1/operator/pause', { reason: 'Provider reports duplicates' });
    expect(paused.json).toEqual({
      object: 'engine',
      paused: true,
      paused_at: expect.any(String),
      pause_reason: 'Provider reports duplicates',
      resumed_at: expect.any(String),
      resume_reason: expect.any(String),
    });
    const status = await app.call('GET', '/v1/operator/status');
    expect(status.json).toMatchObject({ paused: true, pause_reason: 'Provider reports duplicates' });
    expect((await app.call('POST', '/v1/operator/resume')).json).toEqual({
      object: 'engine',
      paused: false,
      paused_at: null,
      pause_reason: null,
      resumed_at: expect.any(String),
      resume_reason: null,
    });
  });

  it.each([
    ['no reason', {}],
    ['an empty reason', { reason: '' }],
    ['a reason of 501 characters', { reason: 'x'.repeat(501) }],
    ['a reason of null', { reason: null }],
  ])('refuse %s', async (_, body) => {
    const { id } = await create();
    for (const path of ['/v1/operator/pause', `${MERCHANTS}/${String(id)}/pause`]) {
      expect((await app.call('POST', path, body)).status).toBe(422);
    }
    expect((await app.call('GET', '/v1/operator/status')).json['paused']).toBe(false);
  });

  it('wake the executors when they are let go, and nobody when they are set', async () => {
    const listener = new pg.Client({ connectionString: db.url });
    const heard: (string | undefined)[] = [];
    await listener.connect();
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('LISTEN tranche');
    const { id } = await create();
    for (const path of ['/v1/operator', `${MERCHANTS}/${String(id)}`]) {
      heard.length = 0;
      await app.call('POST', `${path}/pause`, { reason: 'test' });
      await app.call('POST', `${path}/resume`);
      await until(() => heard.length > 0);
      expect(heard).toEqual(['execute']);
    }
    await listener.end();
  });
});

describe('the status', () => {
  it('counts merchants, connectors, and payouts by status', async () => {
    const before = (await app.call('GET', '/v1/operator/status')).json as { merchants: { total: number; paused: number } };
    const { id } = await create();
    await app.call('POST', `${MERCHANTS}/${String(id)}/pause`, { reason: 'test' });
    const after = await app.call('GET', '/v1/operator/status');
    expect(after.json).toMatchObject({
      object: 'engine',
      merchants: { total: before.merchants.total + 1, paused: before.merchants.paused + 1 },
      connectors: { total: expect.any(Number), paused: 0 },
      bulks_paused: 0,
      payouts: { VALIDATION_PENDING: 0, SCHEDULED: 0, PROCESSED: 0, CANCELLED: 0 },
      outcome: { succeeded: 0, failed: 0, pending: 0, returned: 0 },
    });
  });
});
