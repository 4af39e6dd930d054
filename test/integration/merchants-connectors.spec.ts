import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectorRepository } from '../../src/connectors/index.js';
import { fromTypeId, newUuid } from '../../src/platform/ids/index.js';
import { type TestDatabase, testDatabase } from '../support/index.js';
import { type Answered, type MerchantsApp, startMerchantsApp } from './merchants-app.js';

const CONNECTORS = '/v1/operator/connectors';
const HTTP = {
  name: 'Main bank',
  type: 'http',
  config: { base_url: 'https://gateway.example/v1', token: 'tok_secret_value', timeout_ms: 5000 },
};

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

const create = async (body: object = HTTP): Promise<string> => {
  const answer = await app.call('POST', CONNECTORS, body);
  expect(answer.status).toBe(201);
  return String(answer.json['id']);
};

const pointersOf = (answer: Answered): unknown[] =>
  (answer.json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer).sort();

/** What is kept, in clear. */
const keptConfig = (id: string): Promise<unknown> => {
  const repository = app.context.get(ConnectorRepository, { strict: false });
  return db.transactions.asEngine(async (tx) => {
    const row = await repository.find(tx, fromTypeId('connector', id) ?? '');
    return row === null ? null : repository.openConfig(row);
  });
};

describe('configuring a connector', () => {
  it('answers all of it but its secrets', async () => {
    const answer = await app.call('POST', CONNECTORS, {
      ...HTTP,
      currencies: ['EUR'],
      method_types: ['bank_account'],
      rate_per_second: 50,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('Location')).toBe(`${CONNECTORS}/${String(answer.json['id'])}`);
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^connector_/),
      object: 'connector',
      name: 'Main bank',
      type: 'http',
      config: { base_url: 'https://gateway.example/v1', timeout_ms: 5000 },
      currencies: ['EUR'],
      method_types: ['bank_account'],
      max_concurrency: 32,
      rate_per_second: 50,
      limits: {},
      paused: false,
      paused_at: null,
      paused_by: null,
      pause_reason: null,
      resumed_at: null,
      resume_reason: null,
      busy_until: null,
      breaker: { open: false, opened_at: null, probe_at: null, faults_in_a_row: 0 },
      lists_payments: null,
      reconciled_until: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
  });

  it('keeps the secrets sealed and answers them nowhere', async () => {
    const id = await create();
    const rows = await db.transactions.asEngine((tx) => tx.query<{ config: Buffer }>('SELECT config FROM connector'));
    for (const { config } of rows) expect(config.toString('latin1')).not.toContain('tok_secret_value');
    const answers = [
      await app.call('GET', `${CONNECTORS}/${id}`),
      await app.call('GET', CONNECTORS),
      await app.call('PATCH', `${CONNECTORS}/${id}`, { name: 'x' }),
      await app.call('POST', `${CONNECTORS}/${id}/pause`, { reason: 'x' }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toContain('tok_secret_value');
    }
  });

  it('tells every fault at once, by pointer, and repeats no secret', async () => {
    const answer = await app.call('POST', CONNECTORS, {
      ...HTTP,
      config: { base_url: 'http://gateway.example', token: 'a b c secret', extra: 1 },
      currencies: ['EUR', 'XTS'],
      method_types: ['wallet', 'q'],
    });
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual([
      '/config/base_url',
      '/config/extra',
      '/config/token',
      '/currencies/1',
      '/method_types/1',
    ]);
    expect(answer.text).not.toContain('a b c secret');
  });

  it.each([
    ['an unknown type', { ...HTTP, type: 'carrier-pigeon' }, ['/type']],
    ['a config that is a list', { ...HTTP, config: [] }, ['/config']],
    ['a concurrency of 0', { ...HTTP, max_concurrency: 0 }, ['/max_concurrency']],
    ['an unknown field', { ...HTTP, secret: 1 }, ['/secret']],
    ['no currency at all', { ...HTTP, currencies: [] }, ['/currencies']],
  ])('refuses %s', async (_, body, pointers) => {
    const answer = await app.call('POST', CONNECTORS, body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });
});

describe('changing a connector', () => {
  it('needs no secret to be sent again', async () => {
    const id = await create();
    const answer = await app.call('PATCH', `${CONNECTORS}/${id}`, { config: { timeout_ms: 7000 }, max_concurrency: 4 });
    expect(answer.json).toMatchObject({
      config: { base_url: 'https://gateway.example/v1', timeout_ms: 7000 },
      max_concurrency: 4,
    });
    expect(await keptConfig(id)).toEqual({ ...HTTP.config, timeout_ms: 7000 });
  });

  it('removes what is null, and refuses to remove what it needs', async () => {
    const id = await create({ ...HTTP, rate_per_second: 5 });
    const answer = await app.call('PATCH', `${CONNECTORS}/${id}`, { config: { timeout_ms: null }, rate_per_second: null });
    expect(answer.json).toMatchObject({ rate_per_second: null });
    expect(await keptConfig(id)).toEqual({ base_url: HTTP.config.base_url, token: HTTP.config.token });
    expect(pointersOf(await app.call('PATCH', `${CONNECTORS}/${id}`, { config: { token: null } }))).toEqual(['/config/token']);
  });

  it('mends a config that no key opens; until then it is shown as empty, and the connector can be braked', async () => {
    const id = await create();
    await db.dataSource.query(`UPDATE connector SET config = '\\x00' WHERE id = $1`, [fromTypeId('connector', id)]);
    expect((await app.call('GET', `${CONNECTORS}/${id}`)).json).toMatchObject({ type: 'http', config: {} });
    expect((await app.call('GET', CONNECTORS)).status).toBe(200);
    expect((await app.call('POST', `${CONNECTORS}/${id}/pause`, { reason: 'unreadable' })).json).toMatchObject({ paused: true });
    expect(pointersOf(await app.call('PATCH', `${CONNECTORS}/${id}`, { max_concurrency: 4 }))).toEqual([
      '/config/base_url',
      '/config/token',
    ]);
    const mended = await app.call('PATCH', `${CONNECTORS}/${id}`, { config: HTTP.config });
    expect(mended.json).toMatchObject({ config: { base_url: HTTP.config.base_url } });
    expect(await keptConfig(id)).toEqual(HTTP.config);
  });

  it('refuses another type', async () => {
    const id = await create();
    const answer = await app.call('PATCH', `${CONNECTORS}/${id}`, { type: 'sandbox' });
    expect([answer.status, answer.json['code']]).toEqual([422, 'unknown_field']);
  });

  it('is not found where there is none', async () => {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', {}],
      ['GET', '/ledger', undefined],
      ['POST', '/pause', { reason: 'x' }],
      ['POST', '/resume', undefined],
    ] as const) {
      const answer = await app.call(method, `${CONNECTORS}/connector_01jd3q8yv6f5w9x2k4m7n0p1rs${path}`, body);
      expect([method, path, answer.status]).toEqual([method, path, 404]);
    }
  });
});

describe('listing connectors', () => {
  it('is newest first, in pages', async () => {
    const [one, two] = [await create(), await create()];
    const first = await app.call('GET', `${CONNECTORS}?limit=1`);
    expect(first.json).toMatchObject({ object: 'list', has_more: true });
    expect(first.json.data?.map(({ id }) => id)).toEqual([two]);
    const next = await app.call('GET', `${CONNECTORS}?limit=1&starting_after=${two}`);
    expect(next.json.data?.map(({ id }) => id)).toEqual([one]);
    const back = await app.call('GET', `${CONNECTORS}?limit=1&ending_before=${one}`);
    expect(back.json.data?.map(({ id }) => id)).toEqual([two]);
    for (const cursor of ['connector_01jd3q8yv6f5w9x2k4m7n0p1rs', 'nonsense']) {
      expect((await app.call('GET', `${CONNECTORS}?ending_before=${cursor}`)).json['code']).toBe('invalid_cursor');
    }
    expect((await app.call('GET', `${CONNECTORS}?starting_after=${one}&ending_before=${two}`)).json['code']).toBe(
      'invalid_query',
    );
  });
});

describe("a connector's brake", () => {
  it("takes over the engine's pause, and ends whoever's it is", async () => {
    const id = await create();
    const uuid = fromTypeId('connector', id) ?? '';
    const repository = app.context.get(ConnectorRepository, { strict: false });
    await db.transactions.asEngine((tx) => repository.pause(tx, uuid, { by: 'engine', reason: '401 from the provider' }));
    expect((await app.call('GET', `${CONNECTORS}/${id}`)).json).toMatchObject({
      paused: true,
      paused_by: 'engine',
      pause_reason: '401 from the provider',
    });
    expect((await app.call('POST', `${CONNECTORS}/${id}/pause`, { reason: 'new token' })).json).toMatchObject({
      paused_by: 'operator',
      pause_reason: 'new token',
    });
    expect((await app.call('POST', `${CONNECTORS}/${id}/resume`, { reason: 'the token works' })).json).toMatchObject({
      paused: false,
      paused_by: null,
      pause_reason: null,
      resumed_at: expect.any(String),
      resume_reason: 'the token works',
    });
  });
});

describe('the ledger', () => {
  it('lists what a sandbox paid, newest first, in pages', async () => {
    const id = await create({ name: 'Sandbox', type: 'sandbox' });
    const ids = [newUuid(), newUuid(), newUuid()];
    for (const [index, payment] of ids.entries()) {
      await db.transactions.asEngine((tx) =>
        tx.query(
          `INSERT INTO sandbox_payment (id, connector_id, idempotency_key, request_hash, intent_id, reference, amount, currency, receiver_hash, fate)
           VALUES ($1, $2, $3, '\\x00', 'intent_1', $4, '1.00', 'EUR', '\\x00', 'succeeds')`,
          [payment, fromTypeId('connector', id), `key-${String(index)}`, `INV-${String(index)}`],
        ),
      );
    }
    const first = await app.call('GET', `${CONNECTORS}/${id}/ledger?limit=2`);
    expect(first.json).toMatchObject({ object: 'list', has_more: true });
    expect(first.json.data?.[0]).toEqual({
      id: ids[2],
      idempotency_key: 'key-2',
      intent_id: 'intent_1',
      reference: 'INV-2',
      amount: '1.00',
      currency: 'EUR',
      status: 'succeeded',
      created_at: expect.any(String),
    });
    const rest = await app.call('GET', `${CONNECTORS}/${id}/ledger?starting_after=${String(ids[1])}`);
    expect(rest.json.data?.map((entry) => entry['id'])).toEqual([ids[0]]);
    for (const cursor of [newUuid(), 'nonsense']) {
      expect((await app.call('GET', `${CONNECTORS}/${id}/ledger?starting_after=${cursor}`)).json['code']).toBe('invalid_cursor');
    }
  });

  it('is kept by no other connector', async () => {
    const answer = await app.call('GET', `${CONNECTORS}/${await create()}/ledger`);
    expect([answer.status, answer.json['code']]).toEqual([404, 'no_ledger']);
  });
});

describe('a merchant', () => {
  it('is given a connector by id, and an unknown one is refused', async () => {
    const connector_id = await create();
    const merchant = await app.call('POST', '/v1/operator/merchants', { name: 'Ada', connector_id });
    expect(merchant.json['connector_id']).toBe(connector_id);
    const path = `/v1/operator/merchants/${String(merchant.json['id'])}`;
    const refused = await app.call('PATCH', path, { connector_id: 'connector_01jd3q8yv6f5w9x2k4m7n0p1rs' });
    expect([refused.status, pointersOf(refused)]).toEqual([422, ['/connector_id']]);
    expect((await app.call('PATCH', path, { connector_id: null })).json['connector_id']).toBeNull();
  });
});
