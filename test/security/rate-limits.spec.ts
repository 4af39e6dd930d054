import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '../../src/merchants/api-key-format.js';
import { fromTypeId, newUuid } from '../../src/platform/ids/index.js';
import type { ProblemBody } from '../support/api-client.js';
import { testApp, type TestApp } from '../support/app.js';
import { DotsClient } from '../support/dots-client.js';
import { validItems } from '../support/items.js';
import { assertAnswer } from '../support/openapi-answers.js';
import { paypalToken } from '../support/paypal-token.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { asAdmin, TEMPLATE_DATABASE } from '../support/test-server.js';
import { eventually } from '../support/until.js';
import { operatorKeyOf } from './tenants.js';
import { Wire, type WireAnswer } from './wire.js';

const KEY_RATE = 5;
const BURST = 10 * KEY_RATE;
const GUESS_BURST = 10;
const ADDRESS_BURST = 200;

let databaseUrl: string;
/** Two processes on one database, behind a proxy on this machine. */
let app: TestApp;
let other: TestApp;
const wires: Wire[] = [];

beforeAll(async () => {
  databaseUrl = await createDatabase(TEMPLATE_DATABASE);
  const limits = { rateLimitPerSecond: KEY_RATE, addressRateLimitPerSecond: ADDRESS_BURST / 10, guessRateLimitPerSecond: 1 };
  app = await testApp({ databaseUrl, ...limits, trustedProxies: ['127.0.0.0/8'] });
  other = await testApp({ databaseUrl, ...limits, trustedProxies: ['127.0.0.0/8'], roles: new Set(['api']) });
});
afterAll(async () => {
  for (const wire of wires) wire.close();
  await app.close();
  await other.close();
  await dropDatabase(databaseUrl);
});

let addresses = 0;
/** An address that nobody has come from yet. */
const newAddress = (): string => `203.0.113.${String((addresses += 1) % 256)}`;

const wire = (key: string | null, at: TestApp = app): Wire => {
  const made = new Wire(at.url, key);
  wires.push(made);
  return made;
};

const get = (from: Wire, path: string, forwardedFor: string): Promise<WireAnswer> =>
  from.send({ method: 'GET', path, headers: { 'x-forwarded-for': forwardedFor } });

const codeOf = ({ body }: WireAnswer): unknown => (body as ProblemBody | undefined)?.code;

const counted = async (answers: readonly Promise<WireAnswer>[]): Promise<Record<number, number>> => {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** What one key is allowed on all processes while this time passes, with the portion that each may hold. */
const allowed = (began_ms: number): number =>
  BURST + (KEY_RATE * (performance.now() - began_ms)) / 1000 + 2 * Math.ceil(KEY_RATE / 4);

describe('A key', () => {
  it('has one rate on all processes together; ten times of it takes nothing from another key and from the executor', async () => {
    const [greedy, modest] = [await app.merchant(), await app.merchant()];
    const bulk = await modest.createBulk(validItems(20));
    const began_ms = performance.now();
    const flood = [app, other, app, other, app, other, app, other, app, other].flatMap((at) => {
      const [from, address] = [wire(greedy.key, at), newAddress()];
      return Array.from({ length: BURST }, () => get(from, '/v1/bulks?limit=1', address));
    });
    const [from, address] = [wire(modest.key, other), newAddress()];
    const beside = Array.from({ length: BURST / 2 }, () => get(from, '/v1/bulks?limit=1', address));
    const paid = eventually(
      () => paidOf(bulk.id),
      (succeeded) => succeeded === 20,
    );
    expect(await counted(beside)).toEqual({ 200: BURST / 2 });
    const { 200: taken = 0, 429: refused = 0 } = await counted(flood);
    expect(taken + refused).toBe(10 * BURST);
    expect(taken).toBeGreaterThanOrEqual(BURST - 2 * Math.ceil(KEY_RATE / 4));
    expect(taken).toBeLessThanOrEqual(allowed(began_ms));
    expect(await paid).toBe(20);
  });

  it('of an operator is limited like any other, and one by one', async () => {
    const [one, two] = [await operatorKeyOf(app), await operatorKeyOf(app)];
    const [from, address] = [wire(one.api_key), newAddress()];
    const ask = (): Promise<WireAnswer> => get(from, '/v1/operator/keys?limit=1', address);
    expect((await counted(Array.from({ length: 2 * BURST }, ask)))[429]).toBeGreaterThan(0);
    expect((await get(wire(two.api_key), '/v1/operator/keys?limit=1', address)).status).toBe(200);
  });

  it('is told what it may do, what is left, and when to come again', async () => {
    const merchant = await app.merchant();
    const [from, address] = [wire(merchant.key), newAddress()];
    const first = await get(from, '/v1/bulks', address);
    expect(first.headers['ratelimit-policy']).toBe(
      `"address";q=${String(ADDRESS_BURST)};w=10, "guess";q=${String(GUESS_BURST)};w=10, "key";q=${String(BURST)};w=10`,
    );
    expect(first.headers['ratelimit']).toMatch(/^"address";r=\d+;t=\d+, "guess";r=\d+;t=\d+, "key";r=4\d;t=1$/);
    const answers = await Promise.all(Array.from({ length: 2 * BURST }, () => get(from, '/v1/bulks', address)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect([codeOf(answer), answer.headers['retry-after']]).toEqual(['rate_limited', '1']);
      expect(answer.headers['ratelimit']).toContain('"key";r=0;t=10');
      assertAnswer('GET', '/v1/bulks', answer);
    }
  });
});

describe('An address', () => {
  it('without a valid key is held to a few requests on all processes, whatever it tries, and others are not', async () => {
    const [guesser, neighbour] = [newAddress(), newAddress()];
    const tries = [
      () => wire(null),
      () => wire('tr_test_nonsense'),
      () => wire(newApiKey(newUuid(), 'test'), other),
      () => wire(newApiKey(newUuid(), 'op'), other),
    ];
    const counts = await counted(
      Array.from({ length: 60 }, (_, index) => get(tries[index % tries.length]!(), '/v1/bulks', guesser)),
    );
    expect(counts[401]).toBeGreaterThanOrEqual(GUESS_BURST - 2);
    expect(counts[429]).toBeGreaterThanOrEqual(30);
    expect((await get(wire(null), '/v1/bulks', neighbour)).status).toBe(401);
  });

  it('that guesses shuts out nobody whose key is in use', async () => {
    const merchant = await app.merchant();
    const [from, shared] = [wire(merchant.key), newAddress()];
    expect((await get(from, '/v1/bulks', shared)).status).toBe(200);
    expect((await counted(Array.from({ length: 40 }, () => get(wire(null), '/v1/bulks', shared))))[429]).toBeGreaterThan(0);
    expect((await get(from, '/v1/bulks', shared)).status).toBe(200);
  });

  it('uses up nothing by keys that are valid', async () => {
    const address = newAddress();
    for (let keys = 0; keys < 2 * GUESS_BURST; keys += 1) {
      const { created } = await app.merchant();
      expect((await get(wire(created.api_key), '/v1/bulks', address)).status).toBe(200);
    }
  });

  it('uses up nothing by tokens of a door, however many come at once', async () => {
    const { api_key_id: id, api_key: secret } = (await app.merchant()).created;
    const token = await paypalToken(app.url, { id, secret });
    const [from, address] = [wire(String(token)), newAddress()];
    const answers = Array.from({ length: 4 * GUESS_BURST }, () => get(from, '/v1/payments/payouts/unknown', address));
    expect(await counted(answers)).toEqual({ 404: 4 * GUESS_BURST });
  });

  it('guesses payout links no faster than keys, and uses up nothing by one that opens', async () => {
    const { created } = await app.merchant();
    const client = new DotsClient(app.url, created.api_key_id, created.api_key);
    const payee = { country_code: '1', phone_number: '4154332334' };
    const { link } = await client.ok<{ link: string }>('POST', '/payouts/send-payout', { amount: 100, payee });
    const [open, guessed] = [newAddress(), newAddress()];
    for (let times = 0; times < 2 * GUESS_BURST; times += 1)
      expect((await get(wire(null), new URL(link).pathname, open)).status).toBe(200);
    const tries = Array.from({ length: 40 }, (_, n) => get(wire(null), `/pay/${String(n).padStart(43, 'A')}`, guessed));
    const { 404: dead = 0, 429: refused = 0 } = await counted(tries);
    expect(dead + refused).toBe(40);
    expect(refused).toBeGreaterThan(0);
    const page = await get(wire(null), new URL(link).pathname, guessed);
    expect([page.status, page.headers['content-type']]).toEqual([429, 'text/html; charset=utf-8']);
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('is limited over all its keys, and where no route is', async () => {
    const address = newAddress();
    const began_ms = performance.now();
    const senders = [wire(null), wire((await app.merchant()).key)];
    const sent = senders.flatMap((from) => Array.from({ length: ADDRESS_BURST }, () => get(from, '/nothing', address)));
    const { 404: unknown = 0, 429: refused = 0 } = await counted(sent);
    expect(unknown + refused).toBe(2 * ADDRESS_BURST);
    expect(unknown).toBeGreaterThanOrEqual(ADDRESS_BURST - 5);
    expect(unknown).toBeLessThanOrEqual(ADDRESS_BURST + 5 + ((ADDRESS_BURST / 10) * (performance.now() - began_ms)) / 1000);
  });

  it('is the one that the nearest proxy of ours has written, whatever stands before it', async () => {
    const address = newAddress();
    const claims = Array.from({ length: 60 }, (_, index) => `198.51.100.${String(index)}, nonsense, ${address}, 127.0.0.1`);
    expect((await counted(claims.map((claim) => get(wire(null), '/v1/bulks', claim))))[429]).toBeGreaterThanOrEqual(30);
  });

  it('of version 6 is its network', async () => {
    const within = Array.from({ length: 60 }, (_, index) => `2001:db8:1:2::${index.toString(16)}`);
    expect((await counted(within.map((address) => get(wire(null), '/v1/bulks', address))))[429]).toBeGreaterThanOrEqual(30);
    expect((await get(wire(null), '/v1/bulks', '2001:db8:1:3::1')).status).toBe(401);
  });
});

describe('A key that nobody has asked about yet', () => {
  it('is one guess, however many requests come with it at once', async () => {
    const guarded = await testApp({ rateLimitPerSecond: 0, addressRateLimitPerSecond: 0, guessRateLimitPerSecond: 1 });
    const { key } = await guarded.merchant();
    await asAdmin(guarded.databaseUrl, async (admin) => {
      // So all of them wait for a token until this process decides alone, and has one for them all.
      await admin.query('BEGIN; LOCK TABLE rate_bucket IN EXCLUSIVE MODE');
      const from = wire(key, guarded);
      expect(await counted(Array.from({ length: 40 }, () => get(from, '/v1/bulks', '')))).toEqual({ 200: 40 });
      await admin.query('COMMIT');
    });
    await guarded.close();
  });
});

describe('Without a proxy', () => {
  let bare: TestApp;
  beforeAll(async () => {
    bare = await testApp({ rateLimitPerSecond: 1, guessRateLimitPerSecond: 1, roles: new Set(['api']) });
    // What is used up stays so, however slow this machine is.
    await inDatabaseOf(
      bare,
      `CREATE OR REPLACE FUNCTION tranche_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$SELECT timestamptz '2026-11-21Z'$$`,
    );
  });
  afterAll(() => bare.close());

  it('nobody’s word for an address is believed', async () => {
    const from = wire(null, bare);
    const claims = Array.from({ length: 60 }, () => get(from, '/v1/bulks', newAddress()));
    expect(await counted(claims)).toEqual({ 401: GUESS_BURST, 429: 60 - GUESS_BURST });
  });

  it('a key is refused before its body is read', async () => {
    const from = wire(bare.operator.key, bare);
    expect(await counted(Array.from({ length: 20 }, () => get(from, '/v1/operator/status', '')))).toEqual({ 200: 10, 429: 10 });
    const headers = { 'content-type': 'application/json', 'content-length': '1000' };
    // Of a thousand bytes one comes: whoever waited for the rest would answer that it never did.
    const answer = await from.send({ method: 'POST', path: '/v1/operator/merchants', headers, body: Buffer.from('{') });
    expect(answer.status).toBe(429);
  });
});

async function inDatabaseOf<Row extends Record<string, unknown>>(
  at: TestApp,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  let rows: Row[] = [];
  await asAdmin(at.databaseUrl, async (admin) => {
    ({ rows } = await admin.query<Row>(text, values));
  });
  return rows;
}

async function paidOf(bulk: string): Promise<number> {
  const [row] = await inDatabaseOf<{ outcome_succeeded: number }>(
    app,
    'SELECT outcome_succeeded FROM bulk_progress WHERE bulk_id = $1',
    [fromTypeId('bulk', bulk)],
  );
  return row?.outcome_succeeded ?? 0;
}
