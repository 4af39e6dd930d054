import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { eventually, WHO_WAITS } from '../support/until.js';

let app: TestApp;
let merchant: MerchantClient;
/** Somebody else who holds rows. */
let holder: pg.Client;
beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
  holder = new pg.Client({ connectionString: app.databaseUrl });
  await holder.connect();
});
afterAll(async () => {
  await holder.end();
  await app.close();
});

const hold = async (reference: string): Promise<void> => {
  await holder.query('BEGIN');
  await holder.query('SELECT FROM payout WHERE reference = $1 FOR UPDATE', [reference]);
};

it('in a paused bulk waits for nothing but its own payouts, whatever state the others are in', async () => {
  const [one, other] = [validItem({ amount: amountOf(9003) }), validItem({ amount: amountOf(9003) })];
  const bulk = await merchant.createBulk([one, other]);
  await merchant.untilBulk(bulk.id, ({ counts }) => counts['INTENT_CREATION_FAILED'] === 2);
  await merchant.post(`/v1/bulks/${bulk.id}/pause`);
  // As after a pause that met both with the provider, who refused them later.
  await holder.query('UPDATE payout SET held = false WHERE reference = ANY ($1)', [[one.reference, other.reference]]);

  await hold(other.reference);
  const { id } = await merchant.payoutOf(bulk.id, one.reference);
  expect((await merchant.post(`/v1/payouts/${id}/retry`)).status).toBe(200);
  await holder.query('ROLLBACK');

  // It is held all the same.
  await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
  expect((await holder.query('SELECT held FROM payout WHERE reference = $1', [one.reference])).rows).toEqual([{ held: true }]);
});

it('is told after what happened while it waited', async () => {
  const [first, second] = [validItem({ scheduled_date: tomorrow() }), validItem({ scheduled_date: tomorrow() })];
  const bulk = await merchant.createValidated([first, second]);
  await hold(first.reference);
  const cancelling = merchant.post(`/v1/bulks/${bulk.id}/cancel`);
  await eventually(
    () => holder.query(WHO_WAITS),
    ({ rows }) => rows.length > 0,
  );
  const { id, version } = await merchant.payoutOf(bulk.id, second.reference);
  expect((await merchant.patch(`/v1/payouts/${id}`, { amount: '7.00' })).status).toBe(200);
  await merchant.untilPayout(id, (payout) => payout.status === 'SCHEDULED' && payout.version > version);
  await holder.query('ROLLBACK');
  expect((await cancelling).status).toBe(200);

  const events = await merchant.events(`/v1/payouts/${id}/events`);
  expect(events.at(-1)?.type).toBe('payout.cancelled');
  const times = events.map(({ timestamp }) => timestamp);
  expect(times).toEqual(times.toSorted());
  expect((await merchant.payoutOf(bulk.id, second.reference)).updated_at).toBe(times.at(-1));
});
