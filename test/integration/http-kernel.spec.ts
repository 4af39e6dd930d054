import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type TestDatabase, testDatabase } from '../support/index.js';
import { type Answered, type KernelApp, OPERATOR_KEY, sendRaw, startKernelApp, UNKNOWN_ID } from './kernel-app.js';

const MIB = 1024 * 1024;

let db: TestDatabase;
let app: KernelApp;
let key: string;

beforeAll(async () => {
  db = await testDatabase();
  app = await startKernelApp(db);
  key = app.key();
});
afterAll(async () => {
  await app.close();
  await db.close();
});

const outcome = (answer: Answered): unknown[] => [answer.status, answer.json['code']];
const withoutRequestId = (answer: Answered): string => answer.text.replace(/"request_id":"req_\w+"/, '');
const post = (
  body: RequestInit['body'],
  contentType: string | null = 'application/json',
  path = '/v1/things',
): Promise<Answered> =>
  app.call('POST', path, { key, body, headers: contentType === null ? {} : { 'Content-Type': contentType } });

describe('the door', () => {
  it('answers every wrong key with the same body', async () => {
    const answers = await Promise.all([
      app.call('POST', '/v1/things'),
      app.call('POST', '/v1/things', { key: 'key_unknown', json: { name: 'one' } }),
      app.call('GET', '/v1/things', { headers: { Authorization: 'Basic a2V5OmtleQ==' } }),
      app.call('GET', '/v1/things', { headers: { Authorization: 'Bearer' } }),
      app.call('GET', '/v1/things', { headers: { Authorization: `Bearer ${key} x` } }),
      app.call('POST', '/v1/operator/things'),
      app.call('GET', '/metrics', { headers: { 'X-Forwarded-For': '203.0.113.9' } }),
    ]);
    expect(new Set(answers.map(withoutRequestId)).size).toBe(1);
    expect(answers.map(outcome)).toEqual(answers.map(() => [401, 'unauthorized']));
    expect(answers.every(({ headers }) => headers.get('WWW-Authenticate') === 'Bearer')).toBe(true);
  });

  it("holds a merchant's key off the operator's routes, and the other way round", async () => {
    expect(outcome(await app.call('POST', '/v1/operator/things', { key }))).toEqual([403, 'forbidden']);
    expect(outcome(await app.call('GET', '/v1/things', { key: OPERATOR_KEY }))).toEqual([403, 'forbidden']);
  });

  it('asks for the scope of the route', async () => {
    const path = `/v1/things/${UNKNOWN_ID}`;
    expect(outcome(await app.call('DELETE', path, { key: app.key([]) }))).toEqual([403, 'forbidden']);
    expect((await app.call('DELETE', path, { key: app.key(['things:delete']) })).status).toBe(204);
  });

  it('refuses before it reads the body', async () => {
    const head = 'POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{';
    expect(await sendRaw(app.origin, head, /unauthorized/)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('says the same of what is unknown and of what is foreign', async () => {
    const made = await app.call('POST', '/v1/things', { key: app.key(), json: { name: 'foreign' } });
    const foreign = await app.call('GET', made.headers.get('Location') ?? '', { key });
    const unknown = await app.call('GET', `/v1/things/${UNKNOWN_ID}`, { key });
    const malformed = await app.call('GET', '/v1/things/%00', { key });
    expect(outcome(foreign)).toEqual([404, 'not_found']);
    expect(withoutRequestId(unknown)).toBe(withoutRequestId(foreign));
    expect(withoutRequestId(malformed)).toBe(withoutRequestId(foreign));
  });

  it('answers 404 to an unknown path, 405 with Allow to a known one, 400 to one that can not be read', async () => {
    const unknown = await app.call('GET', '/v1/nothing?secret=1');
    expect(outcome(unknown)).toEqual([404, 'not_found']);
    expect(unknown.text).not.toContain('secret');
    const method = await app.call('PUT', '/v1/things', { key });
    expect(outcome(method)).toEqual([405, 'method_not_allowed']);
    expect(method.headers.get('Allow')).toBe('GET, HEAD, POST');
    expect(outcome(await app.call('GET', '/v1/things/%E0%A4%A', { key }))).toEqual([400, 'malformed_request']);
  });

  it('names the request, sets its headers and says nothing of what it is built with', async () => {
    const answer = await app.call('GET', '/v1/things', { key, headers: { 'Request-Id': 'mine', 'X-Request-Id': 'mine' } });
    expect(answer.headers.get('Request-Id')).toMatch(/^req_[0-9a-z]{26}$/);
    expect(answer.headers.get('Content-Security-Policy')).toContain("script-src 'self'");
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect([answer.headers.has('X-Powered-By'), answer.headers.has('ETag')]).toEqual([false, false]);
  });

  it('answers no 304', async () => {
    const made = await app.call('POST', '/v1/things', { key, json: { name: 'one' } });
    const read = await app.call('GET', made.headers.get('Location') ?? '', { key, headers: { 'If-None-Match': '"1"' } });
    expect([read.status, read.headers.get('ETag'), read.json['name']]).toEqual([200, '"1"', 'one']);
  });

  it('answers 429 with Retry-After once a key has used up its burst, that key alone', async () => {
    const limited = await startKernelApp(db, 1);
    try {
      const [one, other] = [limited.key(), limited.key()];
      const answers: Answered[] = [];
      for (let sent = 0; sent < 11; sent += 1) answers.push(await limited.call('GET', '/v1/things/x', { key: one }));
      expect(outcome(answers[9] as Answered)).toEqual([404, 'not_found']);
      expect(outcome(answers[10] as Answered)).toEqual([429, 'rate_limited']);
      expect(answers[10]?.headers.get('Retry-After')).toBe('1');
      expect(outcome(await limited.call('GET', '/v1/things/x', { key: other }))).toEqual([404, 'not_found']);
    } finally {
      await limited.close();
    }
  });
});

describe('the body', () => {
  it('is refused over 1 MiB, and over 16 MiB where lists are taken, whether or not its length was told', async () => {
    const body = (size: number): string => `{"a":"${'x'.repeat(size - 8)}"}`;
    const chunked = (size: number): Promise<Answered> => post(new Blob([body(size)]).stream(), undefined, '/v1/things/import');
    expect(outcome(await post(body(MIB + 1)))).toEqual([413, 'payload_too_large']);
    expect(outcome(await post(body(MIB)))).toEqual([422, 'invalid_field']);
    expect((await post(body(16 * MIB), undefined, '/v1/things/import')).status).toBe(200);
    expect(outcome(await post(body(16 * MIB + 1), undefined, '/v1/things/import'))).toEqual([413, 'payload_too_large']);
    expect((await chunked(2 * MIB)).status).toBe(200);
    expect(outcome(await chunked(17 * MIB))).toEqual([413, 'payload_too_large']);
  });

  it('is refused as soon as its length is told', async () => {
    const head = `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n`;
    expect(await sendRaw(app.origin, head, /payload_too_large/)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('leaves the connection usable after a refusal', async () => {
    const big = 'x'.repeat(2 * MIB);
    const auth = `Host: x\r\nAuthorization: Bearer ${key}\r\n`;
    const bytes =
      `POST /v1/things HTTP/1.1\r\n${auth}Content-Type: application/json\r\nContent-Length: ${String(big.length)}\r\n\r\n${big}` +
      `GET /v1/things/x HTTP/1.1\r\n${auth}\r\n`;
    expect(await sendRaw(app.origin, bytes, /not_found/)).toMatch(/^HTTP\/1\.1 413 [^]*HTTP\/1\.1 404 /);
  });

  it.each([
    ['text/plain', '{}'],
    ['application/x-www-form-urlencoded', 'a=1'],
    ['application/merge-patch+json', '{"name":"one"}'],
    ['application/json; charset=latin1', '{}'],
    ['application/jsonx', '{}'],
  ])('of type %s is refused', async (type, body) => {
    expect(outcome(await post(body, type))).toEqual([415, 'unsupported_media_type']);
  });

  it('without a type is refused, and no body at all needs none', async () => {
    expect(outcome(await post(new Blob(['{"name":"one"}'])))).toEqual([201, undefined]);
    expect(outcome(await post(new Blob(['{"name":"one"}']), null))).toEqual([415, 'unsupported_media_type']);
    expect((await app.call('POST', '/v1/things/prepared', { key })).status).toBe(201);
    expect((await post('', 'application/json', '/v1/things/prepared')).status).toBe(201);
  });

  it('that is compressed is refused', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    const answer = await app.call('POST', '/v1/things', { key, body: gzipSync('{"name":"one"}'), headers });
    expect(outcome(answer)).toEqual([415, 'unsupported_media_type']);
  });

  it('may say its charset, and be a merge patch for PATCH', async () => {
    expect((await post('{"name":"one"}', 'Application/JSON; Charset="utf-8"')).status).toBe(201);
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    const path = `/v1/things/${UNKNOWN_ID}`;
    expect(outcome(await app.call('PATCH', path, { key, body: '{"name":"one"}', headers }))).toEqual([404, 'not_found']);
  });

  it('that is no JSON, no UTF-8, or has a key twice is refused without repeating it', async () => {
    const malformed = await post('{"name": tajna}');
    expect(outcome(malformed)).toEqual([400, 'malformed_json']);
    expect(malformed.text).not.toContain('tajna');
    expect(outcome(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])))).toEqual([400, 'malformed_json']);
    const twice = await post('{"name":"one","n\\u0061me":"two"}');
    expect(outcome(twice)).toEqual([400, 'duplicate_key']);
    expect(twice.json['errors']).toMatchObject([{ pointer: '/name', code: 'duplicate_key' }]);
  });

  it('is held to its DTO with all findings at once', async () => {
    const answer = await post('{"name":"","extra":"tajna","metadata":{"a":1},"__proto__":{},"n/o":"\\u0000"}');
    expect(outcome(answer)).toEqual([422, 'invalid_field']);
    const errors = answer.json['errors'] as { pointer: string; code: string }[];
    expect(errors.map(({ pointer, code }) => `${code} ${pointer}`).toSorted()).toEqual([
      'invalid_field /metadata',
      'invalid_field /name',
      'invalid_field /n~1o',
      'unknown_field /__proto__',
      'unknown_field /extra',
      'unknown_field /n~1o',
    ]);
    expect(answer.text).not.toContain('tajna');
    expect(outcome(await post('{"name":"one","extra":1}'))).toEqual([422, 'unknown_field']);
  });

  it.each(['[]', 'null', '"text"', '7'])('%s is no object, and said so', async (body) => {
    const answer = await post(body);
    expect(outcome(answer)).toEqual([422, 'invalid_field']);
    expect(answer.json['errors']).toMatchObject([{ pointer: '', code: 'invalid_field' }]);
  });

  it('that says something to a route without a body is refused, member by member', async () => {
    const send = (body: string): Promise<Answered> => post(body, 'application/json', '/v1/things/prepared');
    expect((await send('{}')).status).toBe(201);
    const answer = await send('{"reason":"tajna","a/b":null,"__proto__":1}');
    expect(outcome(answer)).toEqual([422, 'unknown_field']);
    expect(answer.json['errors']).toMatchObject([{ pointer: '/reason' }, { pointer: '/a~1b' }, { pointer: '/__proto__' }]);
    expect(answer.text).not.toContain('tajna');
    expect(outcome(await send('[]'))).toEqual([422, 'invalid_field']);
    expect(outcome(await send('null'))).toEqual([422, 'invalid_field']);
  });

  it('keeps metadata as it was sent, whatever its keys', async () => {
    const metadata = { constructor: 'Acme Builders', toString: 'x', ['a/b']: '' };
    expect((await app.call('POST', '/v1/things', { key, json: { name: 'one', metadata } })).json['metadata']).toEqual(metadata);
    const proto = await post('{"name":"one","metadata":{"__proto__":"x"}}');
    expect(proto.text).toContain('"metadata":{"__proto__":"x"}');
  });

  it('is kept in bytes for whoever checks a signature', async () => {
    const answer = await app.call('POST', '/v1/signed', { body: '{"a": 1}', headers: { 'Content-Type': 'application/json' } });
    expect([answer.status, answer.json['length']]).toEqual([200, 8]);
  });

  it('that ends early harms nobody', async () => {
    const url = new URL(app.origin);
    await new Promise<void>((resolve) => {
      const call = httpRequest({ port: url.port, host: url.hostname, method: 'POST', path: '/v1/things' });
      call
        .setHeader('Authorization', `Bearer ${key}`)
        .setHeader('Content-Type', 'application/json')
        .setHeader('Content-Length', 100);
      call.on('error', () => undefined).on('close', resolve);
      call.write('{"name"', () => call.destroy());
    });
    expect((await app.call('GET', '/healthz')).status).toBe(200);
  });
});

describe('If-Match', () => {
  it('lets through the version, * and nothing else', async () => {
    const path = (await app.call('POST', '/v1/things', { key, json: { name: 'one' } })).headers.get('Location') ?? '';
    const rename = (ifMatch: string): Promise<Answered> =>
      app.call('PATCH', path, { key, json: { name: 'two' }, headers: { 'If-Match': ifMatch } });
    expect((await rename('"1"')).status).toBe(200);
    expect((await rename('*')).status).toBe(200);
    for (const stale of ['"2"', 'W/"1"', '"other"', '""'])
      expect(outcome(await rename(stale))).toEqual([412, 'version_conflict']);
    for (const unreadable of ['1', '"1", "2"', '"1'])
      expect(outcome(await rename(unreadable))).toEqual([400, 'invalid_if_match']);
  });
});

describe('a list', () => {
  const names = (answer: Answered): string[] => (answer.json['data'] as { name: string }[]).map(({ name }) => name);
  const ids = (answer: Answered): string[] => (answer.json['data'] as { id: string }[]).map(({ id }) => id);
  let owner: string;

  beforeAll(async () => {
    owner = app.key();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await app.call('POST', '/v1/things', { key: owner, json: { name } });
  });
  const list = (query: string): Promise<Answered> => app.call('GET', `/v1/things?${query}`, { key: owner });

  it('is walked forward and back without loss, newest first', async () => {
    const first = await list('limit=2');
    expect([names(first), first.json['has_more'], first.json['object']]).toEqual([['e', 'd'], true, 'list']);
    const second = await list(`limit=2&starting_after=${String(ids(first)[1])}`);
    expect([names(second), second.json['has_more']]).toEqual([['c', 'b'], true]);
    const third = await list(`limit=2&starting_after=${String(ids(second)[1])}`);
    expect([names(third), third.json['has_more']]).toEqual([['a'], false]);
    const back = await list(`limit=2&ending_before=${String(ids(third)[0])}`);
    expect([names(back), back.json['has_more']]).toEqual([['c', 'b'], true]);
    expect([names(await list('')), (await list('')).json['has_more']]).toEqual([['e', 'd', 'c', 'b', 'a'], false]);
  });

  it('refuses cursors that name nothing in it', async () => {
    const foreign = ids(await app.call('GET', '/v1/things?limit=1', { key }))[0];
    for (const cursor of ['', 'nonsense', UNKNOWN_ID, String(foreign)]) {
      expect(outcome(await list(`starting_after=${cursor}`))).toEqual([400, 'invalid_cursor']);
    }
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=',
    'limit=1e1',
    'limit=5&limit=6',
    'starting_after=a&ending_before=b',
    'nmae=x',
    'ending_before=%00',
    '__proto__=x',
  ])('refuses the query %s and names the parameter', async (query) => {
    const answer = await list(query);
    expect(outcome(answer)).toEqual([400, 'invalid_query']);
    expect((answer.json['parameters'] as { name: string }[])[0]?.name).toBe(query.split('=')[0]);
  });

  it('refuses a query where the route has none', async () => {
    expect(outcome(await app.call('POST', '/v1/things?dry=1', { key, json: { name: 'one' } }))).toEqual([400, 'invalid_query']);
  });
});

describe('the operations routes', () => {
  it('tell that the process is up and ready', async () => {
    expect((await app.call('GET', '/healthz')).json).toEqual({ status: 'up' });
    const ready = await app.call('GET', '/readyz');
    expect([ready.status, ready.json]).toEqual([
      200,
      { status: 'ready', checks: [{ name: 'database', ok: true, detail: null }] },
    ]);
  });

  it('tell what is missing', async () => {
    const rows = await db.dataSource.query<{ id: number; timestamp: string; name: string }[]>(
      'DELETE FROM schema_migration WHERE id = (SELECT max(id) FROM schema_migration) RETURNING *',
    );
    const ready = await app.call('GET', '/readyz');
    expect([ready.status, ready.json['status']]).toEqual([503, 'not_ready']);
    expect(JSON.stringify(ready.json)).toContain('not migrated');
    expect(rows.length).toBeGreaterThan(0);
  });

  it('count requests by route pattern, to the operator and to this machine', async () => {
    for (const headers of [{}, { Authorization: `Bearer ${OPERATOR_KEY}`, 'X-Forwarded-For': '203.0.113.9' }]) {
      const answer = await app.call('GET', '/metrics', { headers: headers as Record<string, string> });
      expect(answer.status).toBe(200);
      expect(answer.text).toMatch(
        /http_request_duration_seconds_count\{method="GET",route="\/v1\/things\/:id",status="404"\} \d+/,
      );
      expect(answer.text).not.toContain('link_');
    }
  });
});
