import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../src/platform/config/index.js';
import { type TestDatabase, testDatabase } from '../support/index.js';
import { type MerchantsApp, startMerchantsApp } from './merchants-app.js';

let db: TestDatabase;
let dataDir: string;
let started: MerchantsApp[] = [];

beforeEach(async () => {
  db = await testDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'tranche-sandbox-'));
});

afterEach(async () => {
  await Promise.all(started.map((app) => app.close()));
  started = [];
  await db.close();
  await rm(dataDir, { recursive: true });
});

async function start(overrides: Partial<Configuration> = {}): Promise<MerchantsApp> {
  const app = await startMerchantsApp(db, { sandbox: true, databaseIsEmbedded: true, dataDir, ...overrides });
  started.push(app);
  return app;
}

const keyIn = (app: MerchantsApp): string | null => /tr_test_[0-9A-Za-z_]+/.exec(app.banner().join('\n'))?.[0] ?? null;

const merchantNames = async (app: MerchantsApp): Promise<unknown[]> =>
  (await app.call('GET', '/v1/operator/merchants')).json.data?.map(({ name }) => name) ?? [];

describe('the first start of a sandbox', () => {
  it('makes a merchant whose key stands in the banner and works', async () => {
    const app = await start();
    expect(await merchantNames(app)).toEqual(['Sandbox merchant']);
    expect((await app.call('GET', '/v1/whoami', undefined, { key: keyIn(app) })).status).toBe(200);
    expect(app.banner().at(-1)).toMatch(/^curl .*\/v1\/bulks .*Bearer tr_test_/);
  });

  it('keeps the key beside the embedded database for its owner only', async () => {
    const app = await start();
    const file = join(dataDir, 'sandbox-merchant-key');
    expect((await readFile(file, 'utf8')).trim()).toBe(keyIn(app));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['sandbox-merchant-key']);
  });

  it('makes one merchant when two processes start at once, and both show the same key', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(await merchantNames(one)).toEqual(['Sandbox merchant']);
    expect(keyIn(one)).not.toBeNull();
    expect(keyIn(two)).toBe(keyIn(one));
  });

  it('keeps the key nowhere with a database that somebody else runs', async () => {
    const app = await start({ databaseIsEmbedded: false });
    expect(keyIn(app)).not.toBeNull();
    expect(await readdir(dataDir)).toEqual([]);
    expect(keyIn(await start({ databaseIsEmbedded: false }))).toBeNull();
  });
});

describe('a later start of a sandbox', () => {
  it('shows the same key again', async () => {
    const first = keyIn(await start());
    expect(keyIn(await start())).toBe(first);
  });

  it('shows no key once it was revoked', async () => {
    const app = await start();
    const key = keyIn(app);
    const [merchant] = (await app.call('GET', '/v1/operator/merchants')).json.data ?? [];
    const path = `/v1/operator/merchants/${String(merchant?.['id'])}/api-keys`;
    const [listed] = (await app.call('GET', path)).json.data ?? [];
    await app.call('DELETE', `${path}/${String(listed?.['id'])}`);
    const again = await start();
    expect(keyIn(again)).toBeNull();
    expect((await again.call('GET', '/v1/whoami', undefined, { key })).status).toBe(401);
  });

  it('makes a new merchant where a crash left a key and no merchant', async () => {
    await writeFile(join(dataDir, 'sandbox-merchant-key'), 'tr_test_half\n');
    const app = await start();
    expect((await app.call('GET', '/v1/whoami', undefined, { key: keyIn(app) })).status).toBe(200);
    expect((await readFile(join(dataDir, 'sandbox-merchant-key'), 'utf8')).trim()).toBe(keyIn(app));
  });
});

describe('no merchant and no banner', () => {
  it('come of a start outside the sandbox, or without the role api', async () => {
    const production = await start({ sandbox: false });
    const worker = await start({ roles: new Set(['worker']) });
    expect([production.banner(), worker.banner()]).toEqual([[], []]);
    expect(await merchantNames(production)).toEqual([]);
  });
});
