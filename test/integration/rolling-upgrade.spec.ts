import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { testApp, type TestApp } from '../support/app.js';
import { createDatabase, dropDatabase } from '../support/index.js';
import { validItem } from '../support/items.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { asAdmin, TEMPLATE_DATABASE } from '../support/test-server.js';
import { until } from '../support/until.js';

let url: string;
let app: TestApp;
let receiver: Receiver;

/** What the next version may do to tables that this one uses, as docs/operations.md has it: it expands them. */
async function expand(): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
    // Each table in a transaction of its own: one that takes several would wait in a circle with the engine at work.
    for (const { name } of rows)
      await client.query(`ALTER TABLE ${name} ADD COLUMN next_maybe text, ADD COLUMN next_surely integer NOT NULL DEFAULT 7`);
    await client.query(
      `INSERT INTO schema_migration (timestamp, name) VALUES (20991231000000, 'OfTheNextVersion20991231000000')`,
    );
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  url = await createDatabase(TEMPLATE_DATABASE);
  app = await testApp({ databaseUrl: url });
  receiver = await startReceiver();
});
afterAll(async () => {
  await app.close();
  await receiver.close();
  await dropDatabase(url);
});

describe('while a newer version has migrated', () => {
  it('a process of this one that is at work goes on, and one that starts does too', async () => {
    const merchant = await app.merchant();
    const before = await merchant.createBulk({ webhook_url: receiver.url, items: [validItem(), validItem()] });
    await merchant.untilAtRest(before.id);
    await expand();
    const second = await testApp({ databaseUrl: url });
    try {
      expect((await second.client(null).get('/readyz')).status).toBe(200);
      const bulks = [];
      for (const each of [merchant, second.known(merchant)])
        bulks.push(
          await each.createBulk({ webhook_url: receiver.url, items: [validItem(), validItem(), validItem({ amount: 1 })] }),
        );
      for (const { id } of bulks) await until(async () => (await merchant.bulk(id)).counts['PROCESSED'] === 2);
      for (const { id } of bulks) {
        await merchant.post(`/v1/bulks/${id}/cancel`, {});
        await until(() => receiver.received.some(({ event }) => event.type === 'bulk.completed' && event.data['bulk_id'] === id));
      }
      expect(await app.differences()).toEqual([]);
    } finally {
      await second.close();
    }
  });
});

describe('where a newer version has taken away what this one needs', () => {
  it('no process of this one starts, and one that is at work says that it is to be replaced', async () => {
    const other = await createDatabase(TEMPLATE_DATABASE);
    const atWork = await testApp({ databaseUrl: other, roles: new Set(['api']) });
    try {
      await asAdmin(other, (admin) =>
        admin.query(`INSERT INTO schema_migration (timestamp, name) VALUES (20991231000000, 'ContractLabels20991231000000')`),
      );
      await expect(testApp({ databaseUrl: other })).rejects.toThrow('ContractLabels20991231000000');
      const { status, text } = await atWork.client(null).get('/readyz');
      expect([status, text]).toEqual([503, expect.stringContaining('ContractLabels20991231000000')]);
    } finally {
      await atWork.close();
      await dropDatabase(other);
    }
  });
});
