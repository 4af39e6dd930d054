import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BUILT_IN_SANDBOX_ID, type ProviderNotification } from '../../src/connectors/index.js';
import { ProviderNotificationRepository } from '../../src/payouts/index.js';
import { Sealer } from '../../src/platform/crypto/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { RotateKeys } from '../../src/platform/encryption/index.js';
import { fromTypeId, newUuid } from '../../src/platform/ids/index.js';
import { type TestApp, testApp, type TestAppOptions } from '../support/app.js';
import { DotsClient } from '../support/dots-client.js';
import { inFirstFormat } from '../support/first-format.js';
import { METHODS, tomorrow, validItem } from '../support/items.js';
import { type MerchantClient, type Payout } from '../support/merchant-client.js';
import { askPaypal } from '../support/paypal-token.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { until, WHO_WAITS } from '../support/until.js';

const OLD = { id: 'old', bytes: Buffer.alloc(32, 1) };
const NEW = { id: 'new', bytes: Buffer.alloc(32, 2) };
const ENDPOINT = { url: 'http://127.0.0.1:9/hooks', headers: { authorization: 'Bearer of_the_gateway' } };

const LATER = tomorrow();
const EARLY_WORD: ProviderNotification = {
  providerReference: 'pay_1',
  idempotencyKey: null,
  payment: {
    ...{ providerReference: 'pay_1', status: 'failed', amount: null, currency: null, checkAfter_ms: null },
    failure: { code: 'closed', message: 'The account of Ada Lovelace is closed.', retryable: false },
  },
};

let databaseUrl: string;
beforeAll(async () => (databaseUrl = await createDatabase(TEMPLATE_DATABASE)));
afterAll(() => dropDatabase(databaseUrl));

const start = (...encryptionKeys: NonNullable<TestAppOptions['encryptionKeys']>): Promise<TestApp> =>
  testApp({ databaseUrl, encryptionKeys });
const query = <Row extends Record<string, unknown>>(app: TestApp, text: string, values: unknown[] = []): Promise<Row[]> =>
  app.part(Transactions).asEngine((tx) => tx.query<Row>(text, values));

const keepEarlyWord = (app: TestApp): Promise<void> =>
  app.part(Transactions).asEngine((tx) => app.part(ProviderNotificationRepository).keep(tx, BUILT_IN_SANDBOX_ID, EARLY_WORD));

async function takeEarlyWord(app: TestApp): Promise<ProviderNotification['payment'][]> {
  const name = { payout_id: newUuid(), connector_id: BUILT_IN_SANDBOX_ID, provider_reference: 'pay_1', idempotency_key: '' };
  const words = app.part(ProviderNotificationRepository);
  return (await app.part(Transactions).asEngine((tx) => words.take(tx, [name]))).map(({ payment }) => payment);
}

/** Nobody has sealed under the old key for a while. */
const letKeyFallIdle = (app: TestApp, id: string): Promise<unknown> =>
  query(app, `UPDATE encryption_key SET last_used_at = last_used_at - interval '1 hour' WHERE id = $1`, [id]);

/** Every column of bytes in the schema, with the keys that its values are sealed under. */
async function keysInUse(app: TestApp): Promise<Record<string, string[]>> {
  const columns = await query<{ table: string; column: string }>(
    app,
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'`,
  );
  const found: Record<string, string[]> = {};
  for (const { table, column } of columns) {
    const rows = await query<{ key: string }>(
      app,
      `SELECT DISTINCT encode(substring(${column} FROM 3 FOR get_byte(${column}, 1)), 'escape') AS key FROM ${table}
       WHERE ${column} IS NOT NULL AND get_byte(${column}, 0) = 1 AND get_byte(${column}, 1) = 3`,
    );
    const keys = rows.map(({ key }) => key).filter((key) => key === OLD.id || key === NEW.id);
    if (keys.length > 0 && table !== 'encryption_key') found[`${table}.${column}`] = keys.sort();
  }
  return found;
}

async function status(app: TestApp): Promise<{ keys: string[][]; rotation: [string, number][] }> {
  const { body } = await app.operator.get<{
    keys: { id: string; state: string }[];
    rotation: { table: string; unreadable: number }[];
  }>('/v1/operator/encryption');
  return {
    keys: body.keys.map(({ id, state }) => [id, state]),
    rotation: body.rotation.filter(({ unreadable }) => unreadable > 0).map(({ table, unreadable }) => [table, unreadable]),
  };
}

const bulkOf = (turn: number): object => {
  const billing_data = { first_name: 'Ada', last_name: `Lovelace ${String(turn)}` };
  const item = (reference: string): object => ({ ...validItem({ billing_data }), reference });
  return { items: [item(`now-${String(turn)}`), { ...item(`later-${String(turn)}`), scheduled_date: LATER }] };
};
const keyOf = (turn: number): { 'idempotency-key': string } => ({ 'idempotency-key': `create-${String(turn)}` });

async function life(merchant: MerchantClient, turn: number): Promise<string> {
  const bulk = await merchant.post<{ id: string }>('/v1/bulks', bulkOf(turn), keyOf(turn));
  expect(bulk.status).toBe(201);
  const later = await merchant.payoutOf(bulk.body.id, `later-${String(turn)}`);
  await merchant.untilValidated(bulk.body.id);
  const edited = await merchant.patch(`/v1/payouts/${later.id}`, { billing_data: { last_name: `Byron ${String(turn)}` } });
  expect(edited.status).toBe(200);
  return bulk.body.id;
}

/** Lives of bulks, one after another, until it is told to stop. @returns all their ids. */
async function load(merchant: MerchantClient, goesOn: () => boolean, firstTurn: number): Promise<string[]> {
  const bulks: string[] = [];
  for (let turn = firstTurn; goesOn() || bulks.length < 2; turn += 1) bulks.push(await life(merchant, turn));
  return bulks;
}

/** Through the door of Dots, which keeps whom it pays. */
const atDots = ({ url }: TestApp, { created }: MerchantClient): DotsClient =>
  new DotsClient(url, created.api_key_id, created.api_key);
const BOB = { first_name: 'Bob', last_name: 'Loblaw', email: 'bob@example.com', country_code: '1', phone_number: '4154332334' };
const SENT = { amount: 100, payee: { country_code: '1', phone_number: '2125550142' }, metadata: 'For Ann' };
const BATCH = {
  sender_batch_header: { recipient_type: 'EMAIL', email_subject: 'Dear Ada' },
  items: [{ receiver: 'ada@example.com', amount: { currency: 'USD', value: '1.00' }, note: 'For the engine' }],
};

const FORGOTTEN_ACCOUNT = { payout_method: { type: 'wallet', account_id: 'of-nobody' } };
const FORGOTTEN = { ...validItem(FORGOTTEN_ACCOUNT), reference: 'forgotten' };

const nameOf = ({ billing_data }: Payout): unknown => (billing_data as { last_name?: string }).last_name;

it('changes the key while bulks are created, edited and paid: nothing fails, and all of it opens without the old key', async () => {
  const first = await start(OLD, NEW);
  const merchant = await first.merchant();
  expect((await merchant.post('/v1/webhook-endpoints', ENDPOINT)).status).toBe(201);
  await keepEarlyWord(first);
  const before = await load(merchant, () => false, 0);
  await merchant.untilAtRest((await merchant.createBulk([FORGOTTEN])).id);
  expect((await first.operator.post(`/v1/operator/merchants/${merchant.id}/erase-receiver`, FORGOTTEN_ACCOUNT)).status).toBe(200);
  await inFirstFormat(first, merchant);
  const { batch_header } = await askPaypal<{ batch_header: { payout_batch_id: string } }>(first.url, merchant.created, {
    body: BATCH,
  });
  const bob = await atDots(first, merchant).ok<{ id: string }>('POST', '/users', BOB);
  const link = await atDots(first, merchant).ok<{ id: string; link: string }>('POST', '/payouts/send-payout', SENT);
  const second = await start(NEW, OLD);
  const loads = [true, true];
  const running = [load(merchant, () => loads[0]!, 1000), load(second.known(merchant), () => loads[1]!, 2000)];
  await first.part(RotateKeys).execute();
  await second.part(RotateKeys).execute();
  expect((await keysInUse(second))['receiver_key.sealed']).toContain('old');
  loads[0] = false;
  const [fromFirst] = await Promise.all(running.slice(0, 1));
  await first.close();

  await letKeyFallIdle(second, OLD.id);
  await second.part(RotateKeys).execute();
  expect(await status(second)).toEqual({
    keys: [
      ['old', 'retired'],
      ['new', 'current'],
    ],
    rotation: [],
  });
  loads[1] = false;
  const bulks = [...before, ...fromFirst!, ...(await running[1]!)];
  await second.close();

  const third = await start(NEW);
  const found = await keysInUse(third);
  expect(Object.keys(found).length).toBeGreaterThanOrEqual(10);
  expect(new Set(Object.values(found).flat())).toEqual(new Set(['new']));
  const client = third.known(merchant);
  for (const id of bulks) {
    const [paid] = await client.untilBulk(id, ({ counts }) => counts['PROCESSED'] === 1).then(() => client.payouts(id));
    expect(nameOf(paid!)).toMatch(/^Lovelace/);
    expect(nameOf((await client.payouts(id))[1]!)).toMatch(/^Byron/);
  }
  expect((await client.get<{ data: Payout[] }>('/v1/payouts?reference=forgotten')).body.data).toMatchObject([{ erased: true }]);
  expect(await takeEarlyWord(third)).toEqual([EARLY_WORD.payment]);
  expect(await askPaypal(third.url, merchant.created, { path: `/${batch_header.payout_batch_id}` })).toMatchObject({
    batch_header: { sender_batch_header: BATCH.sender_batch_header },
    items: [{ payout_item: BATCH.items[0] }],
  });
  expect(await atDots(third, merchant).ok('GET', `/users/${bob.id}`)).toMatchObject({ first_name: 'Bob', email: BOB.email });
  const shown = await atDots(third, merchant).ok<{ link: string }>('GET', `/payout-links/${link.id}`);
  expect(shown).toMatchObject({ metadata: SENT.metadata, status: 'created' });
  const path = new URL(link.link).pathname;
  expect([new URL(shown.link).pathname, (await fetch(third.url + path)).status]).toEqual([path, 200]);
  const again = await client.post<{ id: string }>('/v1/bulks', bulkOf(0), keyOf(0));
  expect([again.status, again.headers.get('idempotent-replayed'), again.body.id]).toEqual([201, 'true', bulks[0]]);
  await third.close();
});

describe('a start', () => {
  it('is refused without a key that is still needed, and names it', async () => {
    await expect(start(OLD)).rejects.toThrow('ENCRYPTION_KEYS lacks new: the database is still sealed under it');
  });

  it('is refused with other bytes under the id of a key that was used', async () => {
    await expect(start({ ...NEW, bytes: Buffer.alloc(32, 3) })).rejects.toThrow('ENCRYPTION_KEYS has other bytes under new');
  });
});

describe('a rotation', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let database: string;
  beforeAll(async () => {
    database = await createDatabase(TEMPLATE_DATABASE);
    const with_ = (...encryptionKeys: NonNullable<TestAppOptions['encryptionKeys']>): Promise<TestApp> =>
      testApp({ databaseUrl: database, encryptionKeys, roles: new Set(['api']) });
    const before = await with_(OLD);
    const made = await before.merchant();
    await made.createBulk([validItem(), validItem({ payout_method: METHODS.wallet })]);
    await before.close();
    app = await with_(NEW, OLD);
    merchant = app.known(made);
  });
  afterAll(async () => {
    await app.close();
    await dropDatabase(database);
  });

  it('waits for as long as another process seals under another key', async () => {
    await app.part(RotateKeys).execute();
    expect((await keysInUse(app))['merchant.webhook_secrets']).toEqual(['old']);
  });

  it('does not retire a key while one of its values can not be opened, as none that was moved to another row can', async () => {
    const swap = `UPDATE receiver_key k SET sealed = o.sealed FROM receiver_key o WHERE o.id <> k.id`;
    await letKeyFallIdle(app, OLD.id);
    await query(app, swap);
    await app.part(RotateKeys).execute();
    const { keys, rotation } = await status(app);
    expect(keys).toContainEqual(['old', 'in_use']);
    expect(rotation).toContainEqual(['receiver_key', 2]);
    expect((await keysInUse(app))['receiver_key.sealed']).toEqual(['old']);
    await query(app, swap);
    await query(app, `UPDATE key_rotation SET ended_at = ended_at - interval '2 hours'`);
    await app.part(RotateKeys).execute();
    expect(await status(app)).toEqual({
      keys: [
        ['old', 'retired'],
        ['new', 'current'],
      ],
      rotation: [],
    });
  });

  it('leaves what became of a payment readable where the reason can not be opened any more', async () => {
    await keepEarlyWord(app);
    await query(app, `UPDATE provider_notification SET failure = '\\x00'`);
    expect(await takeEarlyWord(app)).toMatchObject([{ status: 'failed', failure: { code: 'unspecified' } }]);
  });

  it('never overwrites an edit that came between its reading and its writing', async () => {
    const id = fromTypeId('merchant', merchant.id);
    const sealed = new Sealer([OLD], Buffer.alloc(32)).seal('[]', `merchant:${id}:webhook_secrets`);
    await query(app, `UPDATE encryption_key SET retired_at = NULL WHERE id = 'old'`);
    await query(app, `UPDATE merchant SET webhook_secrets = $2 WHERE id = $1`, [id, sealed]);
    let running: Promise<void> | undefined;
    await app.part(Transactions).asEngine(async (tx) => {
      await tx.query(`UPDATE merchant SET webhook_secrets = '\\x00' WHERE id = $1`, [id]);
      running = app.part(RotateKeys).execute();
      await until(async () => (await query(app, WHO_WAITS)).length > 0);
    });
    await running;
    const [row] = await query<{ secrets: Buffer }>(app, `SELECT webhook_secrets AS secrets FROM merchant WHERE id = $1`, [id]);
    expect(row!.secrets).toEqual(Buffer.from([0]));
  });
});
