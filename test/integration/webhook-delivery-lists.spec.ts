import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tx } from '../../src/platform/database/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { DeliveryQueries, type DeliveryFilter } from '../../src/webhooks/deliveries/delivery.queries.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, testMerchant, type TestDatabase } from '../support/index.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

const ANY: Omit<DeliveryFilter, 'merchantId'> = {
  ...{ endpointId: null, bulkId: null, payoutId: null, status: null, type: null, resendId: null },
  ...{ createdAfter: null, createdBefore: null },
};
const OTHERS = 2_000;

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
    const other = new Subject(merchantId, { bulkId: newUuid() });
    const first = await other.draft(tx);
    await recordEvents(
      tx,
      Array.from({ length: OTHERS }, (_, n) => ({ ...first, sequence: n + 1 })),
    );
  });
  // As autovacuum does it of tables that grow: without, the planner takes them for small.
  await db.dataSource.query('ANALYZE event, webhook_delivery');
});
afterAll(() => db.close());

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
    const queries = new DeliveryQueries();
    await db.transactions.asMerchant(merchantId, async (tx) => {
      const before = await rowsRead(tx);
      const page = await queries.list(tx, { ...ANY, merchantId, ...scope() }, { limit: 100 });
      expect(page.rows.map(({ sequence }) => sequence).sort()).toEqual([1, 2]);
      expect((await rowsRead(tx)) - before).toBeLessThan(OTHERS / 10);
    });
  });

  it('of a payout and another bulk is empty', async () => {
    const filter = { ...ANY, merchantId, bulkId: newUuid(), payoutId };
    const page = await db.transactions.asMerchant(merchantId, (tx) => new DeliveryQueries().list(tx, filter, { limit: 100 }));
    expect(page.rows).toEqual([]);
  });
});
