import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tx } from '../../src/platform/database/index.js';
import { newUuid, toTypeId } from '../../src/platform/ids/index.js';
import { BacklogRepository } from '../../src/webhooks/deliveries/backlog.repository.js';
import { DeliveryQueries, type DeliveryFilter } from '../../src/webhooks/deliveries/delivery.queries.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, testMerchant, type TestDatabase } from '../support/index.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

const ANY: Omit<DeliveryFilter, 'merchantId'> = {
  ...{ endpointId: null, bulkId: null, payoutId: null, status: null, type: null, resendId: null },
  ...{ createdAfter: null, createdBefore: null },
};
const OTHERS = 2_000;

const queries = new DeliveryQueries();

let db: TestDatabase;
let merchantId: string;
const bulkId = newUuid();
let payoutId: string;

beforeAll(async () => {
  db = await testDatabase();
  ({ id: merchantId } = await testMerchant(db));
  await registerEndpoint(db, merchantId, { url: 'https://merchant.example/lists' });
  const wanted = new Subject(merchantId, { bulkId });
  payoutId = wanted.id;
  await db.transactions.asEngine(async (tx) => {
    await recordEvents(tx, [await wanted.draft(tx), await wanted.draft(tx)]);
  });
  await tellAll(merchantId, OTHERS);
  // As autovacuum does it of tables that grow: without, the planner takes them for small.
  await db.dataSource.query('ANALYZE event, webhook_delivery');
});
afterAll(() => db.close());

/** So many events of one payout of another bulk. */
const tellAll = (merchant: string, count: number, type?: string): Promise<void> =>
  db.transactions.asEngine(async (tx) => {
    const first = await new Subject(merchant, { bulkId: newUuid() }).draft(tx, type);
    const drafts = Array.from({ length: count }, (_, n) => ({ ...first, sequence: n + 1 }));
    await recordEvents(tx, drafts);
  });

/** Rows of deliveries that the connection has read, by whatever plan. */
async function rowsRead(tx: Tx): Promise<number> {
  const row = await tx.one<{ rows: number }>(
    `SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::integer AS rows FROM pg_stat_xact_user_tables WHERE relname = 'webhook_delivery'`,
  );
  return row?.rows ?? Number.NaN;
}

describe('the list of deliveries', () => {
  it.each([
    ['a bulk', () => ({ bulkId })],
    ['a payout', () => ({ payoutId })],
    ['a payout of a bulk', () => ({ bulkId, payoutId })],
  ])('of %s reads its own, not everything that the merchant ever got', async (_, scope) => {
    await db.transactions.asMerchant(merchantId, async (tx) => {
      const before = await rowsRead(tx);
      const page = await queries.list(tx, { ...ANY, merchantId, ...scope() }, { limit: 100 });
      expect(page.rows.map(({ sequence }) => sequence).sort()).toEqual([1, 2]);
      expect((await rowsRead(tx)) - before).toBeLessThan(OTHERS / 10);
    });
  });

  it('of what was skipped has what was dropped just now, in its place, and reads nothing of what was delivered', async () => {
    const { id: dropper } = await testMerchant(db);
    const { id: lane } = await registerEndpoint(db, dropper, { url: 'https://merchant.example/drops' });
    await tellAll(dropper, OTHERS);
    await db.dataSource.query(`UPDATE webhook_delivery SET state = 'delivered' WHERE endpoint_id = $1`, [lane]);
    await tellAll(dropper, 3);
    await db.transactions.asEngine((tx) => new BacklogRepository().release(tx, lane, null));
    const dropped = await db.dataSource.query<{ id: string }[]>(
      `SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'waiting' ORDER BY id DESC`,
      [lane],
    );
    // A slice has closed the middle one already.
    await db.dataSource.query(`UPDATE webhook_delivery SET state = 'skipped' WHERE id = $1`, [dropped[1]?.id]);
    await tellAll(dropper, 1);
    await db.dataSource.query('ANALYZE event, webhook_delivery');
    await db.transactions.asMerchant(dropper, async (tx) => {
      const before = await rowsRead(tx);
      const filter = { ...ANY, merchantId: dropper, status: 'skipped' };
      const first = await queries.list(tx, filter, { limit: 2 });
      const rest = await queries.list(tx, filter, { limit: 2, starting_after: toTypeId('delivery', first.rows[1]!.id) });
      expect([...first.rows, ...rest.rows].map(({ id }) => id)).toEqual(dropped.map(({ id }) => id));
      expect([first.hasMore, rest.hasMore]).toEqual([true, false]);
      expect((await rowsRead(tx)) - before).toBeLessThan(OTHERS / 10);
    });
  });

  it('has what every filter holds for, and nothing else', async () => {
    const { id } = await testMerchant(db);
    const [now, then] = [
      await registerEndpoint(db, id, { url: 'https://merchant.example/now' }),
      await registerEndpoint(db, id, { url: 'https://merchant.example/then' }),
    ];
    await tellAll(id, 1, 'payout.scheduled');
    await tellAll(id, 1, 'payout.cancelled');
    await db.dataSource.query(`UPDATE webhook_delivery SET created_at = '2020-06-01' WHERE endpoint_id = $1`, [then.id]);
    const listed = async (filter: Partial<DeliveryFilter>): Promise<string[]> => {
      const list = (tx: Tx) => queries.list(tx, { ...ANY, merchantId: id, ...filter }, { limit: 100 });
      const { rows } = await db.transactions.asMerchant(id, list);
      return rows.map(({ url, type }) => `${type} ${url.split('/').at(-1) ?? ''}`).sort();
    };
    const [cancelled, scheduled] = [
      ['payout.cancelled now', 'payout.cancelled then'],
      ['payout.scheduled now', 'payout.scheduled then'],
    ];
    const [ofNow, ofThen] = [0, 1].map((which) => [cancelled[which], scheduled[which]]);
    expect(await listed({})).toEqual([...cancelled, ...scheduled]);
    expect([await listed({ endpointId: now.id }), await listed({ endpointId: then.id })]).toEqual([ofNow, ofThen]);
    expect(await listed({ type: 'payout.scheduled' })).toEqual(scheduled);
    expect(await listed({ type: 'payout.cancelled' })).toEqual(cancelled);
    const at = new Date('2021-01-01');
    expect([await listed({ createdAfter: at }), await listed({ createdBefore: at })]).toEqual([ofNow, ofThen]);
    expect(await listed({ type: 'payout.cancelled', createdBefore: at, status: 'waiting' })).toEqual(['payout.cancelled then']);
  });

  it('of a payout and another bulk is empty', async () => {
    const filter = { ...ANY, merchantId, bulkId: newUuid(), payoutId };
    const page = await db.transactions.asMerchant(merchantId, (tx) => queries.list(tx, filter, { limit: 100 }));
    expect(page.rows).toEqual([]);
  });
});
