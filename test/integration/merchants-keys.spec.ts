import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { hashApiKey, newApiKey } from '../../src/merchants/api-key-format.js';
import { ApiKey } from '../../src/merchants/api-key.entity.js';
import { ApiKeyRepository } from '../../src/merchants/api-key.repository.js';
import { KeyCredentials } from '../../src/merchants/credentials.js';
import { KeyUsage } from '../../src/merchants/key-usage.js';
import { Merchant } from '../../src/merchants/merchant.entity.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { type TestDatabase, testDatabase } from '../support/index.js';
import { type Answered, type MerchantsApp, startMerchantsApp } from './merchants-app.js';

const MERCHANTS = '/v1/operator/merchants';

let db: TestDatabase;
let app: MerchantsApp;
/** A second process on the same database. */
let other: MerchantsApp;

beforeAll(async () => {
  db = await testDatabase();
  app = await startMerchantsApp(db);
  other = await startMerchantsApp(db);
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(async () => {
  await app.close();
  await other.close();
  await db.close();
});

interface MadeKey {
  readonly merchant: string;
  readonly id: string;
  readonly uuid: string;
  readonly key: string;
}

async function makeKey(fields: object = {}): Promise<MadeKey> {
  const merchant = String((await app.call('POST', MERCHANTS, { name: 'Ada' })).json['id']);
  const made = await app.call('POST', `${MERCHANTS}/${merchant}/api-keys`, fields);
  expect(made.status).toBe(201);
  const id = String(made.json['id']);
  return { merchant, id, uuid: fromTypeId('key', id) ?? '', key: String(made.json['api_key']) };
}

const whoAmI = (key: string, process = app): Promise<Answered> => process.call('GET', '/v1/whoami', undefined, { key });

const update = (text: string, values: unknown[]): Promise<unknown> => db.transactions.asEngine((tx) => tx.query(text, values));

/** Moves this process's monotonic clock on, as seen by everything that asks it from now on. */
function pass(seconds: number): void {
  const now_ms = performance.now();
  jest.spyOn(performance, 'now').mockReturnValue(now_ms + seconds * 1000);
}

describe('a key', () => {
  it('speaks for its merchant, with its scopes', async () => {
    const { merchant, key, uuid } = await makeKey({ name: 'server', scopes: ['bulks:read'] });
    const answer = await whoAmI(key);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ id: fromTypeId('merchant', merchant), keyId: uuid, scopes: ['bulks:read'], timezone: null });
  });

  it('is stored as its hash and in no other way', async () => {
    const { key, uuid } = await makeKey();
    const [row] = await db.transactions.asEngine((tx) =>
      tx.query<{ secret_hash: Buffer; all: string }>('SELECT secret_hash, k::text AS all FROM api_key k WHERE id = $1', [uuid]),
    );
    expect(row?.secret_hash.equals(hashApiKey(key))).toBe(true);
    expect(row?.all).not.toContain(key.slice(-49));
  });

  it('without the scope that a route needs is refused there with 403', async () => {
    const { key } = await makeKey({ scopes: ['webhooks:read'] });
    expect((await whoAmI(key)).status).toBe(403);
  });

  it('of somebody who changed one character is refused like no key at all', async () => {
    const { key } = await makeKey();
    const wrong = `${key.slice(0, 50)}${key[50] === 'a' ? 'b' : 'a'}${key.slice(51)}`;
    const answers = [
      await whoAmI(wrong),
      await whoAmI('nonsense'),
      await app.call('GET', '/v1/whoami', undefined, { key: null }),
    ];
    const bodies = answers.map(({ status, json }) => ({ status, ...json, request_id: '' }));
    expect(bodies[0]?.status).toBe(401);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  it('of a sandbox opens nothing where money is real, nor the other way round', async () => {
    const sandbox = await startMerchantsApp(db, { sandbox: true });
    const { merchant, key } = await makeKey();
    const made = await sandbox.call('POST', `${MERCHANTS}/${merchant}/api-keys`, {});
    const testKey = String(made.json['api_key']);
    expect([testKey.slice(0, 8), key.slice(0, 8)]).toEqual(['tr_test_', 'tr_live_']);
    expect([(await whoAmI(testKey, sandbox)).status, (await whoAmI(testKey)).status]).toEqual([200, 401]);
    expect([(await whoAmI(key)).status, (await whoAmI(key, sandbox)).status]).toEqual([200, 401]);
    await sandbox.close();
  });

  it('of the right form with the id of a known key, and another secret, opens nothing', async () => {
    const { key, uuid } = await makeKey();
    expect((await whoAmI(key)).status).toBe(200);
    expect((await whoAmI(newApiKey(uuid, 'live'))).status).toBe(401);
  });
});

describe('revoking a key', () => {
  it('ends it at once in the process that did it, and within 5 seconds everywhere', async () => {
    const { merchant, id, key } = await makeKey();
    expect((await whoAmI(key)).status).toBe(200);
    expect((await whoAmI(key, other)).status).toBe(200);
    const revoked = await app.call('DELETE', `${MERCHANTS}/${merchant}/api-keys/${id}`);
    expect([revoked.status, revoked.text]).toEqual([204, '']);
    expect((await whoAmI(key)).status).toBe(401);
    pass(5);
    expect((await whoAmI(key, other)).status).toBe(401);
  });

  it('is harmless when repeated, keeps the first instant, and leaves the other keys alone', async () => {
    const { merchant, id } = await makeKey();
    const listed = async (): Promise<Record<string, unknown>[]> =>
      (await app.call('GET', `${MERCHANTS}/${merchant}/api-keys`)).json.data ?? [];
    await app.call('DELETE', `${MERCHANTS}/${merchant}/api-keys/${id}`);
    const before = await listed();
    expect((await app.call('DELETE', `${MERCHANTS}/${merchant}/api-keys/${id}`)).status).toBe(204);
    expect(await listed()).toEqual(before);
    expect(before.map(({ revoked_at }) => revoked_at === null)).toEqual([false, true]);
  });

  it("refuses another merchant's key as unknown, and leaves it valid", async () => {
    const [one, two] = [await makeKey(), await makeKey()];
    expect((await app.call('DELETE', `${MERCHANTS}/${one.merchant}/api-keys/${two.id}`)).status).toBe(404);
    expect((await whoAmI(two.key)).status).toBe(200);
  });
});

describe('the end of a key', () => {
  it('is refused with 422 where it is past, no instant, or nonsense', async () => {
    const { merchant } = await makeKey();
    for (const expires_at of ['2020-01-01T00:00:00Z', '2030-01-01', '2030-01-01T00:00:00', 'soon', 5]) {
      const answer = await app.call('POST', `${MERCHANTS}/${merchant}/api-keys`, { expires_at });
      expect([expires_at, answer.status, (answer.json['errors'] as { pointer: string }[])[0]?.pointer]).toEqual([
        expires_at,
        422,
        '/expires_at',
      ]);
    }
    expect((await app.call('GET', `${MERCHANTS}/${merchant}/api-keys`)).json.data).toHaveLength(2);
  });

  it('ends it', async () => {
    const { key, uuid } = await makeKey({ expires_at: '2099-01-01T00:00:00+01:00' });
    expect((await whoAmI(key)).status).toBe(200);
    await update(`UPDATE api_key SET expires_at = tranche_now() WHERE id = $1`, [uuid]);
    pass(5);
    expect((await whoAmI(key)).status).toBe(401);
  });

  it('ends it while it is still remembered', async () => {
    const { key, uuid } = await makeKey({ expires_at: '2099-01-01T00:00:00+01:00' });
    await update(`UPDATE api_key SET expires_at = tranche_now() + interval '2 seconds' WHERE id = $1`, [uuid]);
    expect((await whoAmI(key)).status).toBe(200);
    await update(`UPDATE api_key SET expires_at = tranche_now() WHERE id = $1`, [uuid]);
    pass(2);
    expect((await whoAmI(key)).status).toBe(401);
  });
});

describe('scopes', () => {
  it.each([
    ['unknown ones', ['bulks:delete']],
    ['an empty list', []],
    ['the same twice', ['bulks:read', 'bulks:read']],
    ['text', 'bulks:read'],
  ])('refuse %s', async (_, scopes) => {
    const { merchant } = await makeKey();
    expect((await app.call('POST', `${MERCHANTS}/${merchant}/api-keys`, { scopes })).status).toBe(422);
  });
});

describe('an operator’s key', () => {
  const KEYS = '/v1/operator/keys';
  const make = async (fields: object, by?: string): Promise<Answered> =>
    app.call('POST', KEYS, fields, by === undefined ? {} : { key: by });

  it('does what its scopes say, and makes no key that may do more than itself', async () => {
    const reader = String((await make({ name: 'dashboard', scopes: ['read'] })).json['api_key']);
    expect(reader).toMatch(/^tr_op_/);
    expect((await app.call('GET', MERCHANTS, undefined, { key: reader })).status).toBe(200);
    expect((await app.call('POST', MERCHANTS, { name: 'Eve' }, { key: reader })).status).toBe(403);
    const keeper = String((await make({ scopes: ['keys:write', 'read'] })).json['api_key']);
    expect((await make({ scopes: ['read'] }, keeper)).status).toBe(201);
    for (const scopes of [['merchants:write'], ['read', 'brakes:write'], null])
      expect((await make({ scopes }, keeper)).status).toBe(403);
    expect((await make({}, String((await make({})).json['api_key']))).status).toBe(201);
  });

  it('is listed apart from merchants’ keys, and revoked within 5 s on every process', async () => {
    const made = await make({ name: 'night shift' });
    const [id, key] = [String(made.json['id']), String(made.json['api_key'])];
    const merchants = await makeKey();
    const ask = async (process: MerchantsApp): Promise<number> => (await process.call('GET', KEYS, undefined, { key })).status;
    expect([await ask(app), await ask(other)]).toEqual([200, 200]);
    const listed = (await app.call('GET', KEYS)).json.data?.map((each) => each['id']);
    expect(listed).toContain(id);
    expect(listed).not.toContain(merchants.id);
    expect((await app.call('DELETE', `${KEYS}/${merchants.id}`)).status).toBe(404);
    expect((await app.call('DELETE', `${MERCHANTS}/${merchants.merchant}/api-keys/${id}`)).status).toBe(404);
    expect((await app.call('DELETE', `${KEYS}/${id}`)).status).toBe(204);
    expect(await ask(app)).toBe(401);
    pass(5);
    expect(await ask(other)).toBe(401);
  });

  it('is refused as a body says it wrongly', async () => {
    for (const fields of [
      { scopes: [] },
      { scopes: ['bulks:read'] },
      { expires_at: '2020-01-01T00:00:00Z' },
      { merchant_id: 'x' },
    ]) {
      expect((await make(fields)).status).toBe(422);
    }
  });
});

describe('the look-up of a key', () => {
  it('is made once for all requests that come with it in a few seconds', async () => {
    const { key } = await makeKey();
    const lookUp = jest.spyOn(app.context.get(ApiKeyRepository), 'findValid');
    const credentials = app.context.get(KeyCredentials);
    const found = await Promise.all(Array.from({ length: 50 }, () => credentials.identify(key)));
    expect(new Set(found).size).toBe(1);
    expect(lookUp).toHaveBeenCalledTimes(1);
    pass(5);
    await credentials.identify(key);
    expect(lookUp).toHaveBeenCalledTimes(2);
  });

  it('is not made for what has not the form of a key', async () => {
    const lookUp = jest.spyOn(app.context.get(ApiKeyRepository), 'findValid');
    const { key } = await makeKey();
    const flipped = `${key.slice(0, 50)}${key[50] === 'a' ? 'b' : 'a'}${key.slice(51)}`;
    lookUp.mockClear();
    // The second has the form, and not the checksum.
    for (const wrong of ['tr_live_made_up', flipped])
      expect(await app.context.get(KeyCredentials).identify(wrong)).toEqual({ kind: 'nobody' });
    expect(lookUp).not.toHaveBeenCalled();
  });

  it('is made again after it failed', async () => {
    const { key } = await makeKey();
    const credentials = app.context.get(KeyCredentials);
    jest.spyOn(app.context.get(ApiKeyRepository), 'findValid').mockRejectedValueOnce(new Error('the link was cut'));
    await expect(credentials.identify(key)).rejects.toThrow('the link was cut');
    expect(await credentials.identify(key)).toMatchObject({ kind: 'merchant' });
  });
});

describe('last_used_at', () => {
  const lastUse = async (uuid: string): Promise<Date | null> => {
    const rows = await db.transactions.asEngine((tx) =>
      tx.query<{ last_used_at: Date | null }>('SELECT last_used_at FROM api_key WHERE id = $1', [uuid]),
    );
    return rows[0]?.last_used_at ?? null;
  };

  it('is written after a use, at most once a minute', async () => {
    const { key, uuid } = await makeKey();
    const usage = app.context.get(KeyUsage);
    expect(await lastUse(uuid)).toBeNull();
    await whoAmI(key);
    await usage.write();
    const first = await lastUse(uuid);
    expect(first).not.toBeNull();
    await whoAmI(key, other);
    await other.context.get(KeyUsage).write();
    expect(await lastUse(uuid)).toEqual(first);
    await update(`UPDATE api_key SET last_used_at = last_used_at - interval '61 seconds' WHERE id = $1`, [uuid]);
    pass(61);
    await whoAmI(key);
    await usage.write();
    expect((await lastUse(uuid))?.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? Infinity);
  });

  it('waits for nobody who holds the row', async () => {
    const { key, uuid } = await makeKey();
    await db.transactions.asEngine(async (tx) => {
      await tx.query('SELECT FROM api_key WHERE id = $1 FOR UPDATE', [uuid]);
      await whoAmI(key);
      await app.context.get(KeyUsage).write();
    });
    expect(await lastUse(uuid)).toBeNull();
  });
});

describe('the entities', () => {
  it('have exactly the columns of their tables', async () => {
    const dataSource = await new DataSource({ type: 'postgres', url: db.url, entities: [Merchant, ApiKey] }).initialize();
    for (const entity of [Merchant, ApiKey]) {
      const { tableName, columns } = dataSource.getMetadata(entity);
      const rows = await db.transactions.asEngine((tx) =>
        tx.query<{ name: string; nullable: boolean }>(
          `SELECT column_name AS name, is_nullable = 'YES' AS nullable FROM information_schema.columns WHERE table_name = $1`,
          [tableName],
        ),
      );
      const ofEntity = columns.map(({ databaseName, isNullable }) => ({ name: databaseName, nullable: isNullable }));
      const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
      expect(ofEntity.sort(byName)).toEqual(rows.sort(byName));
    }
    await dataSource.destroy();
  });
});
