import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { ExpireUnclaimed } from '../../src/reconciliation/index.js';
import { SANDBOX_ID, testApp, type TestApp } from '../support/app.js';
import { amountOf, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { eventually } from '../support/until.js';
import { injectTime } from '../support/webhook-clock.js';

const DAY_S = 86_400;

let app: TestApp;
let merchant: MerchantClient;
let owner: pg.Client;
beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
  owner = new pg.Client({ connectionString: app.databaseUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await app.close();
});

const expire = (): Promise<void> => app.part(ExpireUnclaimed).execute();
const statusOf = async ({ id }: Payout): Promise<string | undefined> => (await merchant.payout(id)).intent?.status;

async function unclaimed(): Promise<Payout> {
  const { id } = await merchant.createBulk([validItem({ amount: amountOf(9012) })]);
  return eventually(
    () => merchant.payoutOf(id),
    ({ intent }) => intent?.status === 'unclaimed',
  );
}

it('what nobody claims in UNCLAIMED_DAYS is returned, and nothing younger, nor what is paid, nor while its connector is paused', async () => {
  const old = await unclaimed();
  const paid = await merchant.createBulk([validItem()]);
  await merchant.untilAtRest(paid.id);
  await injectTime(owner, { ahead_s: 29 * DAY_S });
  await expire();
  expect(await statusOf(old)).toBe('unclaimed');
  await injectTime(owner, { ahead_s: 30 * DAY_S + 60 });
  const young = await unclaimed();
  await app.operator.post(`/v1/operator/connectors/${SANDBOX_ID}/pause`, { reason: 'A test.' });
  await expire();
  expect(await statusOf(old)).toBe('unclaimed');
  await app.operator.post(`/v1/operator/connectors/${SANDBOX_ID}/resume`, { reason: 'A test.' });
  await expire();
  await expire();
  expect(await statusOf(old)).toBe('returned');
  expect(await statusOf(young)).toBe('unclaimed');
  expect(await statusOf(await merchant.payoutOf(paid.id))).toBe('succeeded');
  const told = (await merchant.events(`/v1/payouts/${old.id}/events`)).map(({ type }) => type);
  expect(told.filter((type) => type === 'payout.intent_returned')).toHaveLength(1);
  expect(await app.differences()).toEqual([]);
});
