import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { validItem } from '../support/items.js';
import { mainProgram, type MainProgram } from '../support/main-program.js';
import { assertAnswer } from '../support/openapi-answers.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { testEncryptionKey } from '../support/test-merchant.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { nested, writeJson } from './hostile-json.js';
import { idKindsOf, type Operation, operations, pathWith } from './operations.js';
import { unknownId } from './tenants.js';
import { Wire, type WireAnswer } from './wire.js';

/** A program has to start, on a machine that is busy with the other suites. */
const OPERATOR_KEY = 'operator_of_the_limits_tests';
/** The process has little more than it needs to start: whatever lets a request grow in it ends it. */
const HEAP_MIB = 160;
const MIB = 1024 * 1024;
/** Short, but longer than an attack keeps the process from reading what others have sent. */
const HEADERS_TIMEOUT_S = 4;
const REQUEST_TIMEOUT_S = 8;

const writes = operations.filter(({ body, caller }) => body !== undefined && caller !== 'nobody');

let databaseUrl: string;
let program: MainProgram;
let url: string;
let merchantKey: string;
let operator: Wire;
let merchant: Wire;

beforeAll(async () => {
  databaseUrl = await createDatabase(TEMPLATE_DATABASE);
  program = mainProgram({
    DATABASE_URL: databaseUrl,
    ROLES: 'api',
    SANDBOX: 'true',
    OPERATOR_KEY,
    ENCRYPTION_KEYS: `${testEncryptionKey.id}:${testEncryptionKey.bytes.toString('base64')}`,
    HEADERS_TIMEOUT_S: String(HEADERS_TIMEOUT_S),
    REQUEST_TIMEOUT_S: String(REQUEST_TIMEOUT_S),
    BODY_MEMORY_MIB: '32',
    RATE_LIMIT_PER_SECOND: '0',
    ADDRESS_RATE_LIMIT_PER_SECOND: '0',
    GUESS_RATE_LIMIT_PER_SECOND: '0',
    NODE_OPTIONS: `--max-old-space-size=${String(HEAP_MIB)}`,
  });
  url = await program.ready;
  operator = new Wire(url, OPERATOR_KEY);
  const made = await operator.send({
    method: 'POST',
    path: '/v1/operator/merchants',
    headers: JSON_TYPE,
    body: Buffer.from('{"name":"Ada"}'),
  });
  merchantKey = (made.body as { api_key: string }).api_key;
  merchant = new Wire(url, merchantKey);
});
afterAll(async () => {
  operator.close();
  merchant.close();
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
  await dropDatabase(databaseUrl);
});

const JSON_TYPE = { 'content-type': 'application/json' };

/** Sends a body to a route that reads one, as whoever may, and holds the answer to the document. */
async function answerTo(
  operation: Operation,
  body: string | Buffer,
  headers: Record<string, string> = JSON_TYPE,
): Promise<WireAnswer> {
  const path = pathWith(operation.path, idKindsOf(operation).map(unknownId));
  const wire = operation.caller === 'operator' ? operator : merchant;
  const answer = await wire.send({ method: operation.method, path, headers, body: Buffer.from(body) });
  assertAnswer(operation.method, path, answer);
  return answer;
}

const outcome = ({ status, body }: WireAnswer): unknown[] => [status, (body as { code?: string } | undefined)?.code];

/** While these run, a plain read is answered as ever. */
async function besides(attack: Promise<unknown>): Promise<void> {
  const state = { under: true };
  const over = attack.finally(() => (state.under = false));
  do {
    expect(outcome(await merchant.send({ method: 'GET', path: '/v1/bulks' }))).toEqual([200, undefined]);
  } while (state.under);
  await over;
}

describe('Too much', () => {
  it.each(writes)('nesting is refused: $name', async (operation) => {
    for (const body of [writeJson(nested(10_000)), `{"a":${'['.repeat(10_000)}`, '['.repeat(900_000)]) {
      expect(outcome(await answerTo(operation, body))).toEqual([400, 'malformed_json']);
    }
  });

  it.each(writes)('members of one object are refused: $name', async (operation) => {
    const object = `{${Array.from({ length: MIB / 10 }, (_, index) => `"${index.toString(36)}":0`).join()}}`;
    const bodies = [object, `{"items":[${object}]}`, `{"metadata":${object}}`];
    await besides(
      (async () => {
        for (const body of bodies) expect(outcome(await answerTo(operation, body))).toEqual([400, 'malformed_json']);
      })(),
    );
  });

  it.each(writes)('text is refused: $name', async (operation) => {
    const long = 'x'.repeat(MIB - 1_000);
    for (const body of [
      writeJson({ [long]: 1 }),
      writeJson({ reference: long, name: long, label: long, url: long, reason: long, items: long }),
    ]) {
      const { status } = await answerTo(operation, body);
      expect([404, 413, 422]).toContain(status);
    }
  });

  it.each(writes)('digits are refused: $name', async (operation) => {
    const digits = '9'.repeat(100_000);
    for (const number of [digits, `0.${digits}`, `1e${digits}`]) {
      const body = `{"name":${number},"label":${number},"reason":${number},"url":${number},"items":${number},"grace_s":${number},"references":${number}}`;
      expect([404, 422]).toContain((await answerTo(operation, body)).status);
    }
  });

  it('digits as an amount are an issue of that item only', async () => {
    const body = `{"items":[{"reference":"A","amount":${'9'.repeat(100_000)}},{"reference":"B","amount":"${'9'.repeat(100_000)}"},${JSON.stringify(validItem())}]}`;
    const path = '/v1/bulks/validate';
    const answer = await merchant.send({ method: 'POST', path, headers: JSON_TYPE, body: Buffer.from(body) });
    expect((answer.body as { items: { valid: boolean }[] }).items.map(({ valid }) => valid)).toEqual([false, false, true]);
  });

  it.each(writes)('that is compressed is refused unread: $name', async (operation) => {
    const bomb = await bombOf(64 * MIB);
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip', 'GZIP']) {
      expect(outcome(await answerTo(operation, bomb, { ...JSON_TYPE, 'content-encoding': encoding }))).toEqual([
        415,
        'unsupported_media_type',
      ]);
    }
    // And called what it is not, it is no JSON.
    expect(outcome(await answerTo(operation, bomb))).toEqual([400, 'malformed_json']);
  });

  it('of headers is refused, and told as every refusal', async () => {
    const wide = { 'x-filler': 'x'.repeat(17 * 1024) };
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`x-${String(index)}`, 'xxxxxxxx']));
    for (const headers of [wide, many]) {
      const answer = await new Wire(url).send({ method: 'GET', path: '/v1/bulks', headers });
      expect(outcome(answer)).toEqual([431, 'headers_too_large']);
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      assertAnswer('GET', '/v1/bulks', answer);
    }
    const answer = await new Wire(url).send({ method: 'GET', path: `/v1/bulks?reference=${'x'.repeat(17 * 1024)}` });
    expect(outcome(answer)).toEqual([431, 'headers_too_large']);
  });

  it('of large bodies at once is told to come again, and does not grow the process', async () => {
    const large = Buffer.from(`{"items":[],"label":"${'x'.repeat(15 * MIB)}"}`);
    const sent = Array.from({ length: 6 }, () =>
      merchant.send({ method: 'POST', path: '/v1/bulks', headers: JSON_TYPE, body: large }).then(outcome, () => 'cut'),
    );
    await besides(Promise.all(sent));
    // Cut off or too slow on a busy machine is as well; only what ends the process, or is a fault of ours, is not.
    const outcomes = new Set((await Promise.all(sent)).map((each) => JSON.stringify(each)));
    expect(
      [...outcomes].filter(
        (each) => !['[422,"invalid_field"]', '[503,"too_busy"]', '[408,"request_timeout"]', '"cut"'].includes(each),
      ),
    ).toEqual([]);
    expect(outcomes.has('[503,"too_busy"]')).toBe(true);
    // And there is room again.
    const after = await merchant.send({ method: 'POST', path: '/v1/bulks', headers: JSON_TYPE, body: large });
    expect(outcome(after)).toEqual([422, 'invalid_field']);
  });

  it('at once harms nobody else and does not grow the process', async () => {
    const [create] = operations.filter(({ name }) => name === 'POST /v1/bulks');
    const bomb = await bombOf(64 * MIB);
    const large = `{"items":[],"label":"${'x'.repeat(15 * MIB)}"}`;
    const attacks = Array.from({ length: 30 }, (_, index) => [
      () => answerTo(create!, writeJson(nested(10_000))),
      () => answerTo(create!, bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' }),
      () => answerTo(create!, index % 10 === 0 ? large : '['.repeat(MIB)),
      () => answerTo(create!, `{"items":[${'9'.repeat(100_000)}]}`),
    ]);
    await besides(Promise.all(attacks.flat().map((attack) => attack())));
  });
});

/** Some 64 KiB that would be a thousand times as much. */
async function bombOf(bytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const zeros = Buffer.alloc(MIB);
  for (let written = 0; written < bytes; written += zeros.length) gzip.write(zeros);
  gzip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of gzip) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('What is no HTTP', () => {
  it.each([
    ['no request at all', 'hello\r\n\r\n'],
    ['a header without a name', 'GET /healthz HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n'],
    ['a folded header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'],
    ['a header with NUL', 'GET /healthz HTTP/1.1\r\nHost: x\r\nA: \u0000\r\n\r\n'],
    ['a path with NUL', 'GET /\u0000 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['two lengths', 'POST /v1/bulks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    [
      'a length and chunks',
      'POST /v1/bulks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'POST /v1/bulks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['another version', 'GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a TLS hello', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ])('is refused and the connection ends: %s', async (_, bytes) => {
    const answer = await rawAnswer(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 400, code: 'malformed_request' });
  });
});

/** Each takes a file descriptor on both sides: far below what a process may have open. */
const HALF_OPEN = 2_000;

describe('A slow sender', () => {
  const key = (): string => `Authorization: Bearer ${merchantKey}\r\n`;
  const slow: [string, () => string, string][] = [
    ['of nothing', () => '', ''],
    ['of a request line', () => 'GET /v1', 'x'],
    ['of headers', () => `GET /v1/bulks HTTP/1.1\r\nHost: x\r\n${key()}`, 'X-More: x\r\n'],
    [
      'of a body',
      () => `POST /v1/bulks HTTP/1.1\r\nHost: x\r\n${key()}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      ' ',
    ],
    [
      'of a body in chunks',
      () =>
        `POST /v1/bulks HTTP/1.1\r\nHost: x\r\n${key()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
      '1\r\n \r\n',
    ],
  ];

  it.each(slow)('%s is cut off and told why', async (_, begin, drip) => {
    const answer = await rawAnswer(begin(), drip);
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 408, code: 'request_timeout' });
  });

  it('is cut off also where there are two thousand, which keep nobody else from being served', async () => {
    const halfOpen = 'GET /v1/bulks HTTP/1.1\r\nHost: x\r\n';
    const senders = Promise.all(Array.from({ length: HALF_OPEN }, () => rawAnswer(halfOpen)));
    await besides(senders);
    expect(new Set((await senders).map((answer) => answer.split('\r\n')[0]))).toEqual(new Set(['HTTP/1.1 408 Request Timeout']));
  });

  it('and two hundred of them keep nobody else from being served', async () => {
    const senders = Array.from({ length: 200 }, (_, index) => slow[index % slow.length]!);
    await besides(Promise.all(senders.map(([, begin, drip]) => rawAnswer(begin(), drip))));
  });
});

/** How often a slow sender sends a little more: well within every limit. */
const DRIP_MS = 100;

/** Writes these bytes, then `drip` again and again, and gives all that is answered until the server ends the connection. */
async function rawAnswer(bytes: string, drip = ''): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const answer: string[] = [];
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()).once('end', () => resolve()));
  socket
    .setEncoding('latin1')
    .on('data', (chunk: string) => answer.push(chunk))
    .on('error', () => undefined);
  socket.write(bytes, 'latin1');
  while (drip !== '' && socket.writable && answer.length === 0) {
    socket.write(drip);
    await Promise.race([ended, wait(DRIP_MS)]);
  }
  await ended;
  socket.destroy();
  return answer.join('');
}
