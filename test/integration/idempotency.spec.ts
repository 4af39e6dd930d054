import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Sealer } from '../../src/platform/crypto/index.js';
import { forgetIdempotencyKeys, forgetIdempotencySecrets } from '../../src/platform/http/index.js';
import { type TestDatabase, testDatabase, testFingerprintKey } from '../support/index.js';
import { type Answered, type KernelApp, OPERATOR_KEY, startKernelApp, UNKNOWN_ID } from './kernel-app.js';

let db: TestDatabase;
let app: KernelApp;
let key: string;

beforeAll(async () => {
  db = await testDatabase();
  app = await startKernelApp(db);
});
afterAll(async () => {
  await app.close();
  await db.close();
});
beforeEach(() => {
  key = app.key();
  Object.assign(app.stage, { runs: 0, prepared: 0, kills: 0, conflicts: 0, gate: Promise.resolve(), reached: () => undefined });
});

const merchantOf = (ofKey: string): string => ofKey.slice('key_'.length);
const effects = async (ofKey = key): Promise<number> => {
  const [row] = await db.dataSource.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM thing WHERE merchant_id = $1',
    [merchantOf(ofKey)],
  );
  return row?.count ?? -1;
};
const keysKept = async (): Promise<number> => {
  const [row] = await db.dataSource.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM idempotency_key WHERE merchant_id = $1',
    [merchantOf(key)],
  );
  return row?.count ?? -1;
};
const create = (idempotencyKey: string, json: unknown = { name: 'one' }): Promise<Answered> =>
  app.call('POST', '/v1/things', { key, idempotencyKey, json });

/** All headers of an answer that may not differ between the first one and its replay. */
function comparable(answer: Answered): unknown {
  const ofThisOne = new Set(['date', 'request-id', 'idempotent-replayed', 'connection', 'keep-alive']);
  const headers = [...answer.headers].filter(([name]) => !ofThisOne.has(name));
  return { status: answer.status, headers, text: answer.text };
}

describe('a write under an idempotency key', () => {
  it('has one effect and one answer, of 50 equal requests that race', async () => {
    // Opens every connection of the pool first: else one request is through before the others have a connection.
    await Promise.all(Array.from({ length: 50 }, (_, index) => create(`warm-${String(index)}`, { name: 'warm' })));
    const answers = await Promise.all(Array.from({ length: 50 }, () => create('k')));
    expect(await effects()).toBe(50 + 1);
    const done = answers.filter(({ status }) => status === 201);
    const inUse = answers.filter(({ json }) => json['code'] === 'idempotency_key_in_use');
    expect(done.length + inUse.length).toBe(50);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    expect(done.filter(({ headers }) => !headers.has('Idempotent-Replayed'))).toHaveLength(1);
  });

  it('refuses 49 equal requests while the first one runs, none of them waiting for it', async () => {
    let open: () => void = () => undefined;
    app.stage.gate = new Promise((resolve) => (open = resolve));
    const reached = new Promise<void>((resolve) => (app.stage.reached = resolve));
    const first = create('k');
    await reached;
    const others = await Promise.all(Array.from({ length: 49 }, () => create('k')));
    expect(new Set(others.map(({ status, json }) => `${String(status)} ${String(json['code'])}`))).toEqual(
      new Set(['409 idempotency_key_in_use']),
    );
    open();
    expect((await first).status).toBe(201);
    expect((await create('k')).text).toBe((await first).text);
    expect([await effects(), app.stage.runs]).toEqual([1, 1]);
  });

  it('is answered again byte for byte, status, Location and ETag too', async () => {
    const first = await create('k');
    const again = await create('k');
    expect(first.status).toBe(201);
    expect(first.headers.get('Location')).toMatch(/^\/v1\/things\/link_/);
    expect(first.headers.get('ETag')).toBe('"1"');
    expect(comparable(again)).toEqual(comparable(first));
    expect(first.headers.has('Idempotent-Replayed')).toBe(false);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(again.headers.get('Request-Id')).not.toBe(first.headers.get('Request-Id'));
    expect(app.stage.runs).toBe(1);
  });

  it('is the same request whatever the order of its keys and its white space', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const post = (body: string): Promise<Answered> => app.call('POST', '/v1/things', { key, idempotencyKey: 'k', body, headers });
    const first = await post('{"name":"one","metadata":{"a":"1","b":"2"}}');
    const again = await post(' {"metadata": {"b":"2", "\\u0061":"1"},\n"name": "one"}');
    expect(again.text).toBe(first.text);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
  });

  it('is refused with another body', async () => {
    await create('k');
    const other = await create('k', { name: 'other' });
    expect([other.status, other.json['code']]).toEqual([422, 'idempotency_key_reused']);
    expect(await effects()).toBe(1);
  });

  it('keeps its body as a keyed hash, which a rotation of the keys in between does not change', async () => {
    await create('keyed', { name: 'guess' });
    const [row] = await db.dataSource.query<{ body_hash: Buffer }[]>(`SELECT body_hash FROM idempotency_key WHERE key = 'keyed'`);
    const text = '{"name":"guess"}';
    expect(row?.body_hash).not.toEqual(createHash('sha256').update(text).digest());
    const rotated = new Sealer([{ id: 'new', bytes: Buffer.alloc(32, 9) }], testFingerprintKey);
    expect(rotated.fingerprint(text)).toEqual(row?.body_hash);
    expect(rotated.fingerprint('{}')).not.toEqual(row?.body_hash);
  });

  it('keeps a refusal, undoes what it did before, and answers it again with its first request id', async () => {
    const refuse = (): Promise<Answered> => app.call('POST', '/v1/things/refused', { key, idempotencyKey: 'k' });
    const first = await refuse();
    const again = await refuse();
    expect([first.status, first.json['code'], first.json['existing_id']]).toEqual([409, 'thing_refused', 'thing_1']);
    expect(first.headers.get('Content-Type')).toBe('application/problem+json; charset=utf-8');
    expect(first.headers.has('Location')).toBe(false);
    expect(first.json['request_id']).toBe(first.headers.get('Request-Id'));
    expect(comparable(again)).toEqual(comparable(first));
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(app.stage.runs).toBe(1);
    expect(await effects()).toBe(0);
  });

  it('keeps the refusal of a body at a route that reads none', async () => {
    const send = (body: object): Promise<Answered> =>
      app.call('POST', '/v1/things/prepared', { key, json: body, idempotencyKey: 'stray' });
    const first = await send({ reason: 'x' });
    const again = await send({ reason: 'x' });
    expect([first.status, again.status, again.headers.get('Idempotent-Replayed')]).toEqual([422, 422, 'true']);
    expect(again.text).toBe(first.text);
    expect((await send({})).json['code']).toBe('idempotency_key_reused');
  });

  it('keeps a refusal that answers a failed statement', async () => {
    const refuse = (): Promise<Answered> => app.call('POST', '/v1/things/unique', { key, idempotencyKey: 'k' });
    const first = await refuse();
    expect([first.status, first.json['code']]).toEqual([409, 'thing_refused']);
    expect((await refuse()).text).toBe(first.text);
    expect(await effects()).toBe(0);
  });

  it.each([
    { method: 'POST', path: '/v1/things', name: 7, status: 422 },
    { method: 'PATCH', path: `/v1/things/${UNKNOWN_ID}`, name: 'x', status: 404 },
    { method: 'PATCH', path: '/v1/things/nonsense', name: 'x', status: 404 },
  ])('keeps the refusal of $method $path with the name $name', async ({ method, path, name, status }) => {
    const first = await app.call(method, path, { key, idempotencyKey: 'k', json: { name } });
    const again = await app.call(method, path, { key, idempotencyKey: 'k', json: { name } });
    expect(first.status).toBe(status);
    expect(comparable(again)).toEqual(comparable(first));
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
  });

  it('keeps nothing of a fault of ours', async () => {
    for (const _ of [1, 2]) {
      const answer = await app.call('POST', '/v1/things/broken', { key, idempotencyKey: 'k' });
      expect([answer.status, answer.json['code']]).toEqual([500, 'internal_error']);
      expect(answer.text).not.toContain('secret value');
    }
    expect(app.stage.runs).toBe(2);
    expect([await effects(), await keysKept()]).toEqual([0, 0]);
  });

  it('keeps nothing of a request without the scope', async () => {
    const narrow = app.key(['things:write']);
    const answer = await app.call('DELETE', `/v1/things/${UNKNOWN_ID}`, { key: narrow, idempotencyKey: 'k' });
    expect([answer.status, answer.json['code']]).toEqual([403, 'forbidden']);
    const [row] = await db.dataSource.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM idempotency_key WHERE merchant_id = $1',
      [merchantOf(narrow)],
    );
    expect(row?.count).toBe(0);
  });

  it('leaves nothing when every try loses its connection in the middle, and can be sent again', async () => {
    app.stage.kills = 6;
    const lost = await create('k');
    expect([lost.status, lost.json['code']]).toEqual([503, 'database_unavailable']);
    expect(lost.headers.get('Retry-After')).toBe('1');
    expect(app.stage.runs).toBe(6);
    expect([await effects(), await keysKept()]).toEqual([0, 0]);
    expect((await create('k')).status).toBe(201);
    expect(await effects()).toBe(1);
  });

  it('has one effect when its first try loses its connection and the second meets a serialization failure', async () => {
    app.stage.kills = 1;
    app.stage.conflicts = 1;
    const answer = await create('k');
    expect(answer.status).toBe(201);
    expect(app.stage.runs).toBe(3);
    expect(await effects()).toBe(1);
    expect((await create('k')).text).toBe(answer.text);
  });

  it('belongs to its merchant, method and path', async () => {
    await create('k');
    const other = app.key();
    expect((await app.call('POST', '/v1/things', { key: other, idempotencyKey: 'k', json: { name: 'other' } })).status).toBe(201);
    expect((await app.call('POST', '/v1/things/prepared', { key, idempotencyKey: 'k' })).status).toBe(201);
    expect(await effects(other)).toBe(1);
  });

  it('answers 204 again as 204', async () => {
    const path = (await create('made')).headers.get('Location') ?? '';
    const first = await app.call('DELETE', path, { key, idempotencyKey: 'k' });
    const again = await app.call('DELETE', path, { key, idempotencyKey: 'k' });
    expect([first.status, first.text]).toEqual([204, '']);
    expect(comparable(again)).toEqual(comparable(first));
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
  });

  it.each(['', 'ä', 'x'.repeat(256)])('refuses the key %j', async (idempotencyKey) => {
    const answer = await create(idempotencyKey);
    expect([answer.status, answer.json['code']]).toEqual([400, 'invalid_idempotency_key']);
  });

  it('takes a key of 255 characters, and a path of any length without a fault', async () => {
    expect((await create('x'.repeat(255))).status).toBe(201);
    const long = await app.call('PATCH', `/v1/things/${'x'.repeat(4000)}`, { key, idempotencyKey: 'k', json: { name: 'x' } });
    expect(long.status).toBe(404);
  });
});

describe('a write without an idempotency key', () => {
  it('happens each time it is sent', async () => {
    for (const _ of [1, 2]) expect((await app.call('POST', '/v1/things', { key, json: { name: 'one' } })).status).toBe(201);
    expect([await effects(), await keysKept()]).toEqual([2, 0]);
  });

  it('leaves nothing behind when it is refused', async () => {
    const answer = await app.call('POST', '/v1/things/refused', { key });
    expect([answer.status, answer.headers.has('Location')]).toEqual([409, false]);
    expect(await effects()).toBe(0);
  });

  it('prepares once, before its transaction', async () => {
    const answer = await app.call('POST', '/v1/things/prepared', { key });
    expect([answer.json['found'], app.stage.prepared]).toEqual(['POST looked up', 1]);
  });
});

describe('an answer with a secret', () => {
  const make = (idempotencyKey: string): Promise<Answered> =>
    app.call('POST', '/v1/operator/things', { key: OPERATOR_KEY, idempotencyKey });
  const age = (idempotencyKey: string, by: string): Promise<unknown> =>
    db.dataSource.query('UPDATE idempotency_key SET created_at = created_at - $2::interval WHERE key = $1', [idempotencyKey, by]);

  it('is kept sealed, answered again within an hour, and dropped after', async () => {
    const first = await make('sealed');
    expect((await make('sealed')).text).toBe(first.text);
    const [row] = await db.dataSource.query<{ response_body: Buffer }[]>(
      `SELECT response_body FROM idempotency_key WHERE key = 'sealed'`,
    );
    expect(row?.response_body.toString('latin1')).not.toContain('whsec_');

    await age('sealed', '59 minutes');
    await db.transactions.asEngine(forgetIdempotencySecrets);
    expect((await make('sealed')).text).toBe(first.text);
    await age('sealed', '1 minute');
    expect(await db.transactions.asEngine(forgetIdempotencySecrets)).toBe(1);
    const late = await make('sealed');
    expect([late.status, late.json['code']]).toEqual([409, 'idempotency_answer_dropped']);
  });

  it('lets its key be new again after a day', async () => {
    const first = await make('aged');
    await age('aged', '23 hours 59 minutes');
    await db.transactions.asEngine(forgetIdempotencyKeys);
    await age('aged', '1 minute');
    expect(await db.transactions.asEngine(forgetIdempotencyKeys)).toBe(1);
    const second = await make('aged');
    expect(second.headers.has('Idempotent-Replayed')).toBe(false);
    expect(second.text).not.toBe(first.text);
  });
});
