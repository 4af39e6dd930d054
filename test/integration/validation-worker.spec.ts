import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { GROUP_MAX } from '../../src/validation/validate-payouts.js';
import { testApp, type TestApp } from '../support/app.js';
import { createDatabase, dropDatabase } from '../support/index.js';
import { tomorrow, validItem } from '../support/items.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';

let url: string;
let api: TestApp;
beforeAll(async () => {
  url = await createDatabase(TEMPLATE_DATABASE);
  api = await testApp({ databaseUrl: url, roles: new Set(['api']) });
});
afterAll(async () => {
  await api.close();
  await dropDatabase(url);
});

it('where more waits than one group, what waits for a lock keeps nothing behind it from being judged', async () => {
  const merchant = await api.merchant();
  const group = () => merchant.createBulk(Array.from({ length: GROUP_MAX }, () => validItem({ scheduled_date: tomorrow() })));
  const [first, locked, behind] = [await group(), await group(), await group()];
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query('BEGIN');
  await other.query('SELECT FROM bulk_progress WHERE bulk_id = $1 FOR UPDATE', [fromTypeId('bulk', locked.id)]);

  const worker = await testApp({ databaseUrl: url, roles: new Set(['worker']) });
  for (const { id } of [first, behind]) await merchant.untilBulk(id, ({ counts }) => counts['SCHEDULED'] === GROUP_MAX);
  expect((await merchant.bulk(locked.id)).counts).toEqual({ VALIDATION_PENDING: GROUP_MAX });
  await other.query('ROLLBACK');
  await other.end();
  await merchant.untilBulk(locked.id, ({ counts }) => counts['SCHEDULED'] === GROUP_MAX);
  await worker.close();
  expect(await api.differences()).toEqual([]);
});
