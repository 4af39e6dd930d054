import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ConnectorEntity } from '../../src/connectors/connector.entity.js';
import type { ConnectorType } from '../../src/connectors/connector.js';
import { ConnectorRepository, type ConnectorSettings } from '../../src/connectors/connector.repository.js';
import { ConnectorsModule } from '../../src/connectors/connectors.module.js';
import { httpConnectorType } from '../../src/connectors/http/http.connector.js';
import { BUILT_IN_SANDBOX_ID, ConnectorRegistry, ConnectorUnavailableError } from '../../src/connectors/registry.js';
import { SandboxLedgerQueries } from '../../src/connectors/sandbox/sandbox-ledger.queries.js';
import { sandboxConnectorType } from '../../src/connectors/sandbox/sandbox.connector.js';
import { CONFIGURATION } from '../../src/platform/config/index.js';
import { Sealer } from '../../src/platform/crypto/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { newUuid, toTypeId } from '../../src/platform/ids/index.js';
import { Metrics } from '../../src/platform/observability/index.js';
import { intentRequest } from '../contract/connector-contract.js';
import { type TestDatabase, testDatabase, testSealer } from '../support/index.js';

const repository = new ConnectorRepository(testSealer);
const ledger = new SandboxLedgerQueries();
const HTTP_CONFIG = { base_url: 'https://gateway.example', token: 'very-secret-token' };

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

function registryOf(sandboxMode = true): ConnectorRegistry {
  const types = [
    sandboxConnectorType({ transactions: db.transactions, sealer: testSealer, timeoutMax_ms: 30_000 }),
    httpConnectorType({ sandboxMode: true, timeoutMax_ms: 30_000 }),
  ] as ConnectorType[];
  return new ConnectorRegistry(types, sandboxMode, repository, db.transactions);
}

async function makeConnector(overrides: Partial<ConnectorSettings & { type: string }> = {}): Promise<ConnectorEntity> {
  const settings = {
    name: 'Main',
    type: 'sandbox',
    config: {},
    currencies: null,
    method_types: null,
    max_concurrency: 8,
    rate_per_second: null,
    limits: {},
    ...overrides,
  };
  const row = await db.transactions.asEngine((tx) => repository.insert(tx, { id: newUuid(), ...settings }));
  if (row === null) throw new Error('a fresh id is taken');
  return row;
}

describe('a configured connector', () => {
  it('keeps its config sealed, for its own row alone', async () => {
    const row = await makeConnector({ type: 'http', config: HTTP_CONFIG });
    expect(row.config.toString('latin1')).not.toContain('secret');
    expect(repository.openConfig(row)).toEqual(HTTP_CONFIG);
    expect(() => repository.openConfig({ id: newUuid(), config: row.config })).toThrow();
  });

  it('is shown without its secrets', async () => {
    const row = await makeConnector({ type: 'http', config: { ...HTTP_CONFIG, notification_secret: 'whsec_x' } });
    expect(registryOf().shownConfig(row)).toEqual({ base_url: HTTP_CONFIG.base_url });
    expect(registryOf().shownConfig(Object.assign(new ConnectorEntity(), row, { type: 'elsewhere' }))).toEqual({});
  });

  it('is listed newest first in pages that fit together both ways', async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.unshift((await makeConnector()).id);
    const idOf = (uuid: string | undefined): string => toTypeId('connector', uuid ?? '');
    const page = (cursor: { starting_after?: string; ending_before?: string }) =>
      db.transactions.asEngine((tx) => repository.list(tx, { limit: 2, ...cursor }));
    const first = await page({});
    expect([first.rows.map(({ id }) => id), first.hasMore]).toEqual([made.slice(0, 2), true]);
    const second = await page({ starting_after: idOf(made[1]) });
    expect(second.rows.map(({ id }) => id)).toEqual(made.slice(2, 4));
    const back = await page({ ending_before: idOf(made[3]) });
    expect([back.rows.map(({ id }) => id), back.hasMore]).toEqual([made.slice(1, 3), true]);
    await expect(page({ starting_after: idOf(newUuid()) })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

describe('the pause of a connector', () => {
  const pause = (id: string, by: 'operator' | 'engine', reason: string) =>
    db.transactions.asEngine((tx) => repository.pause(tx, id, { by, reason }));

  it('by an operator is not taken over by the engine, and the other way round it is, from its beginning on', async () => {
    const { id } = await makeConnector();
    const first = await pause(id, 'engine', 'token refused');
    const second = await pause(id, 'operator', 'maintenance');
    expect(second).toMatchObject({ paused_at: first?.paused_at, paused_by: 'operator', pause_reason: 'maintenance' });
    expect(await pause(id, 'engine', 'token refused')).toBeNull();
  });

  it('comes at the twentieth unreadable answer in a row, counted over groups', async () => {
    const { id } = await makeConnector();
    const count = (readable: number, unreadableAtEnd: number) =>
      db.transactions.asEngine((tx) => repository.countAnswers(tx, id, { readable, unreadableAtEnd }));
    expect(await count(0, 19)).toBe(false);
    expect(await count(1, 0)).toBe(false);
    expect(await count(0, 19)).toBe(false);
    expect(await count(5, 3)).toBe(false);
    expect(await count(0, 16)).toBe(false);
    expect(await count(0, 1)).toBe(true);
    expect(await count(0, 1)).toBe(false);
    const open = await registryOf().get(id);
    expect(open.paused).toMatchObject({ by: 'engine', reason: '20 answers in a row could not be read' });
  });

  it('leaves the row alone while all answers can be read', async () => {
    const { id } = await makeConnector();
    const version = () =>
      db.transactions.asEngine((tx) => tx.one<{ xmin: string }>('SELECT xmin::text FROM connector WHERE id = $1', [id]));
    const before = await version();
    await db.transactions.asEngine((tx) => repository.countAnswers(tx, id, { readable: 500, unreadableAtEnd: 0 }));
    expect(await version()).toEqual(before);
  });

  it('ends with resume, which starts the count afresh', async () => {
    const { id } = await makeConnector();
    await db.transactions.asEngine((tx) => repository.countAnswers(tx, id, { readable: 0, unreadableAtEnd: 25 }));
    const resumed = await db.transactions.asEngine((tx) => repository.resume(tx, id));
    expect(resumed).toMatchObject({ paused_at: null, paused_by: null, pause_reason: null, unreadable_streak: 0 });
  });
});

describe('the registry', () => {
  it('keeps a connector open, through pauses too, and opens it anew when its settings change', async () => {
    const registry = registryOf();
    const { id } = await makeConnector({ type: 'http', config: HTTP_CONFIG });
    const first = await registry.get(id);
    await db.transactions.asEngine((tx) => repository.pause(tx, id, { by: 'operator', reason: 'maintenance' }));
    const paused = await registry.get(id);
    expect([paused.connector === first.connector, paused.paused?.reason]).toEqual([true, 'maintenance']);
    const settings = { name: 'Main', currencies: null, method_types: null, max_concurrency: 8, rate_per_second: 5, limits: {} };
    await db.transactions.asEngine((tx) =>
      repository.write(tx, id, { ...settings, config: { ...HTTP_CONFIG, timeout_ms: 1_234 } }),
    );
    const changed = await registry.get(id);
    expect(changed.connector).not.toBe(first.connector);
    expect([changed.capabilities.timeout_ms, changed.ratePerSecond]).toEqual([1_234, 5]);
    await registry.onApplicationShutdown();
  });

  it('narrows what the type can do to what the operator allows', async () => {
    const registry = registryOf();
    const row = await makeConnector({ currencies: ['EUR'], method_types: ['bank_account', 'paypal'] });
    expect((await registry.get(row.id)).capabilities).toMatchObject({
      currencies: ['EUR'],
      methodTypes: ['bank_account', 'paypal'],
    });
    await registry.onApplicationShutdown();
  });

  it('says why a connector can not be opened, and no secret', async () => {
    const registry = registryOf();
    const invalid = await makeConnector({ type: 'http', config: { base_url: 'nonsense', token: 'very secret' } });
    await expect(registry.get(invalid.id)).rejects.toThrow(ConnectorUnavailableError);
    await expect(registry.get(invalid.id)).rejects.not.toThrow(/very secret/);
    await expect(registry.get(newUuid())).rejects.toThrow(/there is no connector/);
    const unknown = await makeConnector({ type: 'elsewhere' });
    await expect(registry.get(unknown.id)).rejects.toThrow(/"elsewhere"/);
    const sealedElsewhere = Object.assign(new ConnectorEntity(), invalid, { id: newUuid() });
    expect(() => registry.fromRow(sealedElsewhere)).toThrow(/ENCRYPTION_KEYS/);
  });

  it('routes a merchant to its own connector, else to the built-in sandbox in sandbox mode, else nowhere', async () => {
    const own = await makeConnector();
    expect(registryOf().routeFor({ connector_id: own.id })).toBe(own.id);
    expect(registryOf().routeFor({ connector_id: null })).toBe(BUILT_IN_SANDBOX_ID);
    expect(registryOf(false).routeFor({ connector_id: null })).toBeNull();
  });

  it('has one built-in sandbox, however many make it at once', async () => {
    const registry = registryOf();
    await Promise.all([1, 2, 3].map(() => db.transactions.asEngine((tx) => registry.ensureSandbox(tx))));
    expect((await registry.get(BUILT_IN_SANDBOX_ID)).name).toBe('Sandbox');
    await registry.onApplicationShutdown();
  });
});

describe('the module', () => {
  it('is put together by Nest, knows every type, and makes the built-in sandbox at start', async () => {
    const provide = [
      { provide: CONFIGURATION, useValue: { sandbox: true, lease_s: 60 } },
      { provide: Metrics, useValue: new Metrics() },
      { provide: Transactions, useValue: db.transactions },
      { provide: Sealer, useValue: testSealer },
    ];
    @Global()
    @Module({ providers: provide, exports: provide.map((one) => one.provide) })
    class Kernel {}
    const app = await Test.createTestingModule({ imports: [Kernel, ConnectorsModule] }).compile();
    await app.init();
    const registry = app.get(ConnectorRegistry);
    expect(registry.types().map(({ type }) => type)).toEqual(['sandbox', 'http', 'paypal', 'dots']);
    expect(await registry.get(BUILT_IN_SANDBOX_ID)).toMatchObject({ name: 'Sandbox', type: 'sandbox', paused: null });
    await app.close();
  });
});

describe('the sandbox', () => {
  it('is slow within its default deadline', async () => {
    const { id } = await makeConnector();
    const registry = registryOf();
    const started = performance.now();
    const outcome = await (await registry.get(id)).connector.submit(intentRequest({ amount: '90.08' }));
    expect(outcome).toMatchObject({ kind: 'accepted', payment: { status: 'succeeded' } });
    expect(performance.now() - started).toBeGreaterThan(2_990);
    await registry.onApplicationShutdown();
  });

  it('ends calls that are out when it is closed', async () => {
    const { id } = await makeConnector();
    const registry = registryOf();
    const { connector } = await registry.get(id);
    const request = intentRequest({ amount: '90.06' });
    const out = connector.submit(request);
    while ((await connector.lookup(request.idempotencyKey)).kind !== 'found')
      await new Promise((resolve) => setImmediate(resolve));
    await registry.onApplicationShutdown();
    expect(await out).toMatchObject({ kind: 'unknown' });
  });

  it('pays one key once when two processes send it ten times at the same time', async () => {
    const { id } = await makeConnector();
    const processes = [registryOf(), registryOf()];
    const opened = await Promise.all(processes.map((registry) => registry.get(id)));
    const requests = Array.from({ length: 10 }, () => intentRequest());
    const sends = opened.flatMap(({ connector }, index) =>
      (index === 0 ? requests : [...requests].reverse()).map(
        async (request) => [request.idempotencyKey, await connector.submit(request)] as const,
      ),
    );
    const references = new Map<string, Set<string>>();
    for (const [key, outcome] of await Promise.all(sends)) {
      const reference = outcome.kind === 'accepted' ? outcome.payment.providerReference : outcome.kind;
      references.set(key, (references.get(key) ?? new Set()).add(reference));
    }
    expect([...references.values()].every((set) => set.size === 1)).toBe(true);
    const page = await db.transactions.asEngine((tx) => ledger.list(tx, id, { limit: 100 }));
    expect(page.rows).toHaveLength(10);
    await Promise.all(processes.map((registry) => registry.onApplicationShutdown()));
  });

  it('remembers over a restart what has become of a payment by its age on the clock of the database', async () => {
    const { id } = await makeConnector();
    const before = registryOf();
    const request = intentRequest({ amount: '90.05' });
    expect(await (await before.get(id)).connector.submit(request)).toMatchObject({
      payment: { status: 'succeeded', checkAfter_ms: 1_000 },
    });
    await before.onApplicationShutdown();
    await db.dataSource.query(
      `UPDATE sandbox_payment SET created_at = created_at - interval '1 second' WHERE connector_id = $1`,
      [id],
    );
    const after = registryOf();
    expect(await (await after.get(id)).connector.lookup(request.idempotencyKey)).toMatchObject({
      payments: [{ status: 'returned', failure: { code: 'returned_by_bank' }, checkAfter_ms: null }],
    });
    await after.onApplicationShutdown();
  });

  it('lists what it took, newest first, and nothing that it refused', async () => {
    const { id } = await makeConnector();
    const registry = registryOf();
    const { connector } = await registry.get(id);
    const taken: string[] = [];
    for (const amount of ['1.00', '90.02', '90.07', '90.03', '90.10', '2.00']) {
      const request = intentRequest({ amount });
      await connector.submit(request);
      if (!['90.02', '90.03', '90.10'].includes(amount)) taken.unshift(request.idempotencyKey);
    }
    const page = (cursor: { starting_after?: string; ending_before?: string }) =>
      db.transactions.asEngine((tx) => ledger.list(tx, id, { limit: 2, ...cursor }));
    const first = await page({});
    const second = await page({ starting_after: first.rows[1]!.id });
    expect([...first.rows, ...second.rows].map((entry) => entry.idempotency_key)).toEqual(taken);
    expect([first.hasMore, second.hasMore]).toEqual([true, false]);
    expect((await page({ ending_before: second.rows[0]!.id })).rows).toEqual(first.rows);
    expect(first.rows[0]).toMatchObject({ amount: '2.00', currency: 'EUR', reference: 'INV-1001', status: 'succeeded' });
    await expect(page({ starting_after: newUuid() })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await registry.onApplicationShutdown();
  });

  it('keeps no account data', async () => {
    const { id } = await makeConnector();
    const registry = registryOf();
    await (await registry.get(id)).connector.submit(intentRequest());
    const row = await db.transactions.asEngine((tx) =>
      tx.one(`SELECT sandbox_payment::text AS row FROM sandbox_payment WHERE connector_id = $1`, [id]),
    );
    expect(JSON.stringify(row)).not.toMatch(/DE89|Lovelace|ada@/);
    await registry.onApplicationShutdown();
  });
});
