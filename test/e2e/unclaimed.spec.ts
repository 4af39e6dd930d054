import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { ExpireUnclaimed } from '../../src/reconciliation/index.js';
import { SANDBOX_ID, testApp, type TestApp } from '../support/app.js';
import { amountOf, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { paypalToken } from '../support/paypal-token.js';
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

it('what is unclaimed is not taken back at the PayPal door by a request that is only answered again', async () => {
  const { api_key_id: id, api_key: secret } = merchant.created;
  const headers = {
    authorization: `Bearer ${String(await paypalToken(app.url, { id, secret }))}`,
    'content-type': 'application/json',
    'paypal-request-id': 'one',
  };
  await app.operator.post(`/v1/operator/connectors/${SANDBOX_ID}/pause`, { reason: 'A test.' });
  const bulk = await merchant.createBulk([validItem({ amount: amountOf(9012) })]);
  const payout = await merchant.payoutOf(bulk.id);
  const cancel = async (body?: string): Promise<{ status: number; text: string; replayed: string | null }> => {
    const url = `${app.url}/v1/payments/payouts-item/${payout.id.replace('payout_', '')}/cancel`;
    const answer = await fetch(url, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, text: await answer.text(), replayed: answer.headers.get('idempotent-replayed') };
  };
  const first = await cancel();
  expect([first.status, first.text, first.replayed]).toEqual([400, expect.stringContaining('BATCH_NOT_COMPLETED'), null]);
  await app.operator.post(`/v1/operator/connectors/${SANDBOX_ID}/resume`, { reason: 'A test.' });
  await eventually(
    () => statusOf(payout),
    (status) => status === 'unclaimed',
  );

  expect(await cancel()).toEqual({ ...first, replayed: 'true' });
  expect((await cancel('{"another":"body"}')).text).toContain('used with another body');
  expect(await statusOf(payout)).toBe('unclaimed');
  const told = (await merchant.events(`/v1/payouts/${payout.id}/events`)).map(({ type }) => type);
  expect(told).not.toContain('payout.intent_returned');
});
