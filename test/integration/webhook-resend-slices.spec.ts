import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/platform/ids/index.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { AdvanceResend } from '../../src/webhooks/resends/advance-resend.js';
import { ResendRepository } from '../../src/webhooks/resends/resend.repository.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

/** No resend may have more of a lane open, but for the rest of one subject. */
const OPEN_MAX = 32;
const EVENTS = 3;

let db: TestDatabase;
const resends = new ResendRepository();
const advance = new AdvanceResend(resends);

beforeAll(async () => {
  db = await testDatabase();
});
beforeEach(() =>
  db.dataSource.query(
    `UPDATE webhook_resend SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL; DELETE FROM webhook_resend_item`,
  ),
);
afterAll(() => db.close());

interface Scene {
  readonly merchantId: string;
  readonly lanes: readonly string[];
}

/** A merchant whose endpoints have been sent the events of these many subjects, three of each. */
async function sceneOf({ lanes, subjects }: { lanes: number; subjects: number }): Promise<Scene> {
  const merchant = await testMerchant(db);
  const registered: string[] = [];
  for (let n = 0; n < lanes; n += 1)
    registered.push((await registerEndpoint(db, merchant.id, { url: `https://lane-${String(n)}.example/` })).id);
  await db.transactions.asEngine(async (tx) => {
    const drafts = [];
    for (let n = 0; n < subjects; n += 1) {
      const subject = new Subject(merchant.id);
      for (let event = 0; event < EVENTS; event += 1) drafts.push(await subject.draft(tx));
    }
    await recordEvents(tx, drafts);
  });
  await deliverAll();
  return { merchantId: merchant.id, lanes: registered };
}

const deliverAll = (): Promise<unknown> =>
  db.dataSource.query(`UPDATE webhook_delivery SET state = 'delivered', delivered_at = tranche_now() WHERE state = 'waiting'`);

async function resendFor(merchantId: string): Promise<string> {
  const id = newUuid();
  const any = { endpointId: null, bulkId: null, eventType: null, state: null, createdAfter: null, createdBefore: null };
  await db.transactions.asMerchant(merchantId, (tx) => resends.insert(tx, { id, merchantId, ...any }));
  return id;
}

/** A look at whatever resend is due; time has passed since the last one. */
async function look(): Promise<void> {
  await db.dataSource.query(`UPDATE webhook_resend SET look_at = look_at - interval '1 hour' WHERE finished_at IS NULL`);
  await db.transactions.asEngine((tx) => advance.execute(tx));
}

interface ResendRow {
  readonly state: string;
  readonly matched: number;
  readonly released: number;
}

async function resendRow(id: string): Promise<ResendRow> {
  const rows = await db.dataSource.query<ResendRow[]>(`SELECT state, matched, released FROM webhook_resend WHERE id = $1`, [id]);
  return rows[0]!;
}

/** How many deliveries of each subject are open at an endpoint. */
const openBySubject = (lane: string): Promise<{ subject_id: string; open: number }[]> =>
  db.dataSource.query(
    `SELECT subject_id, count(*)::integer AS open FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'waiting' GROUP BY subject_id`,
    [lane],
  );

const openOf = async (lane: string): Promise<number> => (await openBySubject(lane)).reduce((sum, { open }) => sum + open, 0);

describe('a resend', () => {
  it('is not looked for again by itself where none is running', async () => {
    expect(await db.transactions.asEngine((tx) => advance.execute(tx))).toBeNull();
  });

  it('lets a few of each lane go, and of each subject all or none, so that nothing newer comes between', async () => {
    const { merchantId, lanes } = await sceneOf({ lanes: 2, subjects: 30 });
    const id = await resendFor(merchantId);
    await look();
    expect(await resendRow(id)).toEqual({ state: 'sending', matched: 2 * 30 * EVENTS, released: 0 });
    await db.dataSource.query('DELETE FROM webhook_lane_wake');
    await look();
    const called = await db.dataSource.query<{ endpoint_id: string }[]>('SELECT endpoint_id FROM webhook_lane_wake');
    expect(called.map(({ endpoint_id }) => endpoint_id).sort()).toEqual([...lanes].sort());
    for (const lane of lanes) {
      const open = await openBySubject(lane);
      expect(open.every((subject) => subject.open === EVENTS)).toBe(true);
      expect(await openOf(lane)).toBe(Math.ceil(OPEN_MAX / EVENTS) * EVENTS);
    }
    await look();
    expect((await resendRow(id)).released).toBe(2 * Math.ceil(OPEN_MAX / EVENTS) * EVENTS);
  });

  it('goes on where places are free, and is not held up by a lane that answers nothing', async () => {
    const { merchantId, lanes } = await sceneOf({ lanes: 2, subjects: 30 });
    const [dead, healthy] = lanes as [string, string];
    const id = await resendFor(merchantId);
    for (let looks = 0; looks < 6; looks += 1) {
      await look();
      await db.dataSource.query(
        `UPDATE webhook_delivery SET state = 'delivered', delivered_at = now() WHERE endpoint_id = $1 AND state = 'waiting'`,
        [healthy],
      );
    }
    const sent = await db.dataSource.query<{ id: string }[]>(
      `SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND resend_id = $2`,
      [healthy, id],
    );
    expect(sent).toHaveLength(30 * EVENTS);
    expect(await openOf(dead)).toBeLessThan(OPEN_MAX + EVENTS);
    expect((await resendRow(id)).state).toBe('sending');
    await deliverAll();
    for (let looks = 0; looks < 4; looks += 1) {
      await look();
      await deliverAll();
    }
    expect(await resendRow(id)).toEqual({ state: 'finished', matched: 180, released: 180 });
  });

  it('shares the places of a lane with the other resends', async () => {
    const { merchantId, lanes } = await sceneOf({ lanes: 1, subjects: 40 });
    for (let count = 0; count < 3; count += 1) await resendFor(merchantId);
    for (let looks = 0; looks < 12; looks += 1) await look();
    expect(await openOf(lanes[0]!)).toBeLessThan(OPEN_MAX + EVENTS);
  });

  it('is advanced by one worker at a time, and one that dies in between has done nothing', async () => {
    const { merchantId, lanes } = await sceneOf({ lanes: 1, subjects: 40 });
    const id = await resendFor(merchantId);
    await look();
    await expect(
      db.transactions.asEngine(async (tx) => {
        await resends.release(tx, id);
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect([await openOf(lanes[0]!), (await resendRow(id)).released]).toEqual([0, 0]);
    await Promise.all(Array.from({ length: 4 }, () => db.transactions.asEngine((tx) => advance.execute(tx))));
    expect(await openOf(lanes[0]!)).toBe(Math.ceil(OPEN_MAX / EVENTS) * EVENTS);
  });

  it('that is cancelled sends nothing more, and what it had found is forgotten in slices', async () => {
    const { merchantId, lanes } = await sceneOf({ lanes: 1, subjects: 1 });
    const [running, cancelled] = [await resendFor(merchantId), await resendFor(merchantId)];
    await db.dataSource.query(
      `INSERT INTO webhook_resend_item SELECT $1, $2, gen_random_uuid(), 1, gen_random_uuid() FROM generate_series(1, 5001)`,
      [cancelled, lanes[0]],
    );
    await look();
    const itemsOf = async (id: string): Promise<number> =>
      (await db.dataSource.query<unknown[]>(`SELECT FROM webhook_resend_item WHERE resend_id = $1`, [id])).length;
    const found = await itemsOf(running);
    expect(await db.transactions.asMerchant(merchantId, (tx) => resends.cancel(tx, merchantId, cancelled))).toBe('matching');
    await db.dataSource.query(`UPDATE webhook_resend SET look_at = now() + interval '1 hour' WHERE id = $1`, [running]);
    const left: number[] = [];
    while ((await db.transactions.asEngine((tx) => advance.execute(tx))) === 0) left.push(await itemsOf(cancelled));
    expect(left).toEqual([1, 0]);
    expect(await itemsOf(running)).toBe(found);
    expect(await openOf(lanes[0]!)).toBe(0);
  });

  it('leaves alone what is open, what came since, and what a disabled endpoint would get', async () => {
    const { merchantId, lanes } = await sceneOf({ lanes: 2, subjects: 20 });
    const [disabled, open] = lanes as [string, string];
    const later = await resendFor(merchantId);
    await sceneOf({ lanes: 1, subjects: 1 });
    const subject = new Subject(merchantId);
    await db.transactions.asEngine(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
    await deliverAll();
    await db.dataSource.query(
      `UPDATE webhook_delivery SET state = 'waiting', delivered_at = NULL WHERE id = (SELECT id FROM webhook_delivery WHERE endpoint_id = $1 LIMIT 1)`,
      [open],
    );
    await look();
    expect((await resendRow(later)).matched).toBe(2 * 20 * EVENTS - 1);
    await db.dataSource.query(`UPDATE webhook_endpoint SET status = 'disabled' WHERE id = $1`, [disabled]);
    for (let looks = 0; looks < 5; looks += 1) {
      await look();
      await deliverAll();
    }
    expect(await resendRow(later)).toEqual({ state: 'finished', matched: 119, released: 20 * EVENTS - 1 });
    const none = await resendFor(merchantId);
    await look();
    expect((await resendRow(none)).matched).toBe(20 * EVENTS + 1);
  });
});
