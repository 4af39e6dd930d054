import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { createDatabase, dropDatabase } from '../support/index.js';
import { tomorrow, validItem } from '../support/items.js';
import type { Cancelled } from '../support/merchant-client.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { asAdmin, TEMPLATE_DATABASE } from '../support/test-server.js';
import { eventually, until } from '../support/until.js';

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

describe('a status that a newer version has brought, and this one does not know', () => {
  const NEXT_STATUS = 'WAITING_FOR_FUNDS';

  /** As the newer version moves the payout, there and back: what it counts in a column of its own is out of what this one counts. */
  async function move(payoutId: string, { to, counted }: { to: string; counted: number }): Promise<void> {
    await asAdmin(url, async (admin) => {
      const id = fromTypeId('payout', payoutId);
      await admin.query(`ALTER TABLE payout DROP CONSTRAINT IF EXISTS payout_status`);
      await admin.query(`UPDATE payout SET status = $2, scheduled_at = now() WHERE id = $1`, [id, to]);
      await admin.query(
        `UPDATE bulk_progress SET scheduled = scheduled + $2 WHERE bulk_id = (SELECT bulk_id FROM payout WHERE id = $1)`,
        [id, counted],
      );
    });
  }

  it('is shown and left alone, whatever is asked of it, and nothing is lost', async () => {
    const merchant = await app.merchant();
    const later = { scheduled_date: tomorrow() };
    const { id } = await merchant.createValidated([validItem(later), validItem(later), validItem()]);
    const [strange] = await merchant.payouts(id);
    await move(strange!.id, { to: NEXT_STATUS, counted: -1 });

    for (const path of [
      `/v1/bulks/${id}`,
      `/v1/bulks/${id}/payouts`,
      `/v1/payouts/${strange!.id}`,
      `/v1/payouts/${strange!.id}/explanation`,
    ])
      expect([path, (await merchant.get(path)).status]).toEqual([path, 200]);
    expect((await merchant.payout(strange!.id)).status).toBe(NEXT_STATUS);
    expect((await merchant.patch(`/v1/payouts/${strange!.id}`, { amount: '7.00' })).status).toBe(409);
    expect((await merchant.post(`/v1/payouts/${strange!.id}/retry`)).status).toBe(409);
    const cancelled = await merchant.post<Cancelled>(`/v1/bulks/${id}/cancel`);
    expect(cancelled.body.results.map(({ outcome }) => outcome).sort()).toEqual(['cancelled', 'too_late', 'too_late']);
    const other = await merchant.createBulk([validItem()]);
    await merchant.untilAtRest(other.id);
    expect((await merchant.payout(strange!.id)).status).toBe(NEXT_STATUS);

    await move(strange!.id, { to: 'SCHEDULED', counted: 1 });
    await merchant.untilPayout(strange!.id, ({ final }) => final);
    expect((await app.ledger()).filter(({ reference }) => reference === strange!.reference).length).toBe(1);
  });
});

it('a type of event that a newer version has brought is listed and delivered by this one, which does not know it', async () => {
  let heals = false;
  const down = await startReceiver({ answer: () => ({ status: heals ? 200 : 500 }) });
  try {
    const merchant = await app.merchant();
    const { id } = await merchant.createBulk({ webhook_url: down.url, items: [validItem({ scheduled_date: tomorrow() })] });
    const waiting = (): Promise<{ id: string; event_id: string; event_type: string; attempt_count: number }[]> =>
      merchant.all(`/v1/webhook-deliveries?bulk_id=${id}&status=waiting`);
    const [first] = await eventually(waiting, (all) => all.some(({ attempt_count }) => attempt_count > 0));
    await asAdmin(url, async (admin) => {
      await admin.query(`SET session_replication_role = replica`);
      await admin.query(`UPDATE event SET type = 'bulk.noted' WHERE id = $1`, [fromTypeId('event', first!.event_id)]);
    });
    const shown = await waiting();
    expect(shown.find((each) => each.id === first!.id)?.event_type).toBe('bulk.noted');
    await merchant.feedHasCaughtUp();
    const listed = await fetch(`${app.url}/v1/bulks/${id}/events`, {
      headers: { authorization: `Bearer ${String(merchant.key)}` },
    });
    expect([listed.status, await listed.text()]).toEqual([200, expect.stringContaining(first!.event_id)]);
    heals = true;
    for (const each of shown) expect((await merchant.post(`/v1/webhook-deliveries/${each.id}/resend`)).status).toBeLessThan(300);
    await until(async () => (await merchant.all(`/v1/webhook-deliveries?bulk_id=${id}&status=delivered`)).length >= shown.length);
    expect(down.received.map((each) => each.id)).toContain(first!.event_id);
  } finally {
    await down.close();
  }
});
