import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { newUuid, toTypeId } from '../../src/platform/ids/index.js';
import { Metrics } from '../../src/platform/observability/index.js';
import { RemoveOldEvents } from '../../src/scheduler/remove-old-events.js';
import { cursorOf, EventFeedQueries, type EventRow, type FeedStart } from '../../src/webhooks/events/event-feed.queries.js';
import { TYPE_IS_RARE } from '../../src/webhooks/events/rare-types.js';
import { ReadFeed } from '../../src/webhooks/events/read-feed.js';
import { OldEventsRepository, recordEvents } from '../../src/webhooks/index.js';
import { ResendRepository } from '../../src/webhooks/resends/resend.repository.js';
import { EngineWorld } from '../support/engine-world.js';
import { until, WHO_WAITS } from '../support/until.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

const DAYS = 30;

let world: EngineWorld;
let directory: string;
beforeAll(async () => {
  world = await EngineWorld.open();
  directory = mkdtempSync(join(tmpdir(), 'tranche-archive-'));
});
afterAll(async () => {
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});

const duty = (archiveDir: string | null = null): RemoveOldEvents =>
  new RemoveOldEvents(
    world.transactions,
    world.get(OldEventsRepository),
    { eventsRetention_days: DAYS, archiveDir },
    new Metrics(),
  );

/** A merchant with one endpoint or more, to which three events of a subject at rest were delivered long ago. */
async function oldScene(endpoints = 1) {
  const merchant = await world.merchant();
  for (let n = 0; n < endpoints; n += 1)
    await registerEndpoint(world as never, merchant.id, { url: `https://${newUuid()}.example/` });
  const subject = new Subject(merchant.id);
  for (let n = 0; n < 3; n += 1) await world.run(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
  await world.query(
    `WITH done AS (UPDATE webhook_delivery SET state = 'delivered', delivered_at = now(), attempts = 1 WHERE merchant_id = $1 RETURNING id)
     INSERT INTO webhook_attempt (id, delivery_id, merchant_id, number, started_at, duration_ms, snippet)
     SELECT gen_random_uuid(), id, $1, 1, now(), 5, 'what a receiver wrote' FROM done`,
    [merchant.id],
  );
  await age(merchant.id);
  const ids = (await events(merchant.id)).map(({ id }) => id);
  return { merchant, subject, ids };
}

/** As if they had been written 31 days ago: the time is in their ids too. */
async function age(merchantId: string): Promise<void> {
  const ms = (Date.now() - 31 * 86_400_000).toString(16).padStart(12, '0');
  const old = (column: string) => `('${ms.slice(0, 8)}-${ms.slice(8)}' || substr(${column}::text, 14))::uuid`;
  await world.query(`UPDATE event SET occurred_at = now() - interval '31 days', id = ${old('id')} WHERE merchant_id = $1`, [
    merchantId,
  ]);
  await world.query(`UPDATE webhook_delivery SET event_id = ${old('event_id')} WHERE merchant_id = $1`, [merchantId]);
}
const events = (merchantId: string) =>
  world.query<{ id: string; sequence: number; type: string }>(
    `SELECT id, sequence, type FROM event WHERE merchant_id = $1 ORDER BY place`,
    [merchantId],
  );
const countOf = async (table: string, merchantId: string): Promise<number> =>
  (await world.query<{ n: number }>(`SELECT count(*)::integer AS n FROM ${table} WHERE merchant_id = $1`, [merchantId]))[0]!.n;
const after = (merchantId: string, cursor: string | undefined, limit = 100) =>
  world.get(ReadFeed).execute({ merchantId, page: { after: cursor, limit }, scope: { bulkId: null, payoutId: null } });
/** The first of three events stays, being owed, and what stands behind it goes. */
const keepFirst = (merchantId: string) =>
  world.query(`UPDATE webhook_delivery SET state = 'waiting' WHERE merchant_id = $1 AND sequence = 1`, [merchantId]);
const sequencesOf = ({ rows }: { readonly rows: readonly EventRow[] }): number[] =>
  rows.map(({ body }) => (JSON.parse(body.toString('utf8')) as { data: { sequence: number } }).data.sequence);

/** The sequences that a reader sees who goes on behind the last event of each page until there is no more. */
async function readOn(merchantId: string, from: string | undefined): Promise<number[]> {
  const seen: number[] = [];
  for (let cursor = from; ;) {
    const page = await after(merchantId, cursor, 1);
    seen.push(...sequencesOf(page));
    if (!page.hasMore) return seen;
    cursor = toTypeId('event', page.rows[0]!.id);
  }
}

describe('old events', () => {
  it('are kept for ever where nobody says how long', async () => {
    const { merchant } = await oldScene();
    const forEver = { eventsRetention_days: null, archiveDir: null };
    await new RemoveOldEvents(world.transactions, world.get(OldEventsRepository), forEver, new Metrics()).execute();
    expect(await events(merchant.id)).toHaveLength(3);
  });

  it('go with their deliveries and attempts, and are in the archive before', async () => {
    const { merchant, subject, ids } = await oldScene();
    await world.run(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
    await duty(directory).execute();
    expect((await events(merchant.id)).map(({ sequence }) => sequence)).toEqual([4]);
    expect([await countOf('webhook_delivery', merchant.id), await countOf('webhook_attempt', merchant.id)]).toEqual([1, 0]);
    const [name] = readdirSync(directory);
    const text = gunzipSync(readFileSync(join(directory, name!))).toString('utf8');
    type Line = { id: string; body: string; deliveries: { status: string; attempts: { duration_ms: number }[] }[] };
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
    const ours = lines.filter(({ id }) => ids.some((uuid) => toTypeId('event', uuid) === id));
    expect(ours).toHaveLength(3);
    expect(JSON.parse(ours[0]!.body)).toMatchObject({ type: 'payout.scheduled', data: { sequence: 1 } });
    expect(ours[0]!.deliveries).toMatchObject([{ status: 'delivered', attempts: [{ duration_ms: 5 }] }]);
    expect(text).not.toContain('what a receiver wrote');
  });

  it('stay where the archive can not be written', async () => {
    const { merchant } = await oldScene();
    const blocked = join(directory, 'a-file');
    writeFileSync(blocked, '');
    await expect(duty(blocked).execute()).rejects.toThrow();
    expect(await events(merchant.id)).toHaveLength(3);
  });

  it('stay while their payout or bulk is not at rest', async () => {
    const merchant = await world.merchant();
    const bulkId = await world.scheduledBulk(merchant, { count: 2 });
    await age(merchant.id);
    const before = await events(merchant.id);
    await duty().execute();
    expect(await events(merchant.id)).toEqual(before);
    const claimed = await world.claim(merchant);
    expect(claimed).toHaveLength(2);
    await world.query(`UPDATE payout_intent SET status = 'pending', next_check_at = now() WHERE merchant_id = $1`, [merchant.id]);
    await world.query(`UPDATE payout SET status = 'PROCESSED' WHERE bulk_id = $1`, [bulkId]);
    await age(merchant.id);
    await duty().execute();
    const types = new Set((await events(merchant.id)).map(({ type }) => type));
    expect(types).toContain('payout.created');
    await world.query(`UPDATE payout_intent SET status = 'succeeded', next_check_at = NULL WHERE merchant_id = $1`, [
      merchant.id,
    ]);
    await duty().execute();
    // The stored counts of the bulk were not told, so it is not at rest and keeps its own events.
    const left = new Set((await events(merchant.id)).map(({ type }) => type.split('.')[0]));
    expect(left).toEqual(new Set(['bulk']));
  });

  it.each(['waiting', 'in_flight'])('stay while a delivery of them is %s', async (state) => {
    const { merchant } = await oldScene();
    const lease = state === 'in_flight' ? `now()` : 'NULL';
    await world.query(`UPDATE webhook_delivery SET state = $2, lease_until = ${lease} WHERE merchant_id = $1 AND sequence = 2`, [
      merchant.id,
      state,
    ]);
    await duty().execute();
    expect((await events(merchant.id)).map(({ sequence }) => sequence)).toEqual([2]);
  });

  it('stay while a resend of their merchant is under way, and ended resends go', async () => {
    const { merchant } = await oldScene();
    const insert = (state: string) =>
      world.query(
        `INSERT INTO webhook_resend (id, merchant_id, until_feed, state, finished_at)
         VALUES ($1, $2, 0, $3, CASE $3 WHEN 'finished' THEN now() - interval '31 days' END)`,
        [newUuid(), merchant.id, state],
      );
    await insert('sending');
    await insert('finished');
    await duty().execute();
    expect(await events(merchant.id)).toHaveLength(3);
    expect(await world.query(`SELECT state FROM webhook_resend WHERE merchant_id = $1`, [merchant.id])).toEqual([
      { state: 'sending' },
    ]);
  });

  it.each([1, 2])('stay, whole, where somebody sends a delivery again at the same moment (endpoints: %d)', async (endpoints) => {
    const { merchant } = await oldScene(endpoints);
    const rows = await world.query<{ id: string; place: string }>(
      `SELECT d.id, e.place FROM webhook_delivery d JOIN event e ON e.id = d.event_id WHERE d.merchant_id = $1 ORDER BY e.place, d.id DESC`,
      [merchant.id],
    );
    const repository = world.get(OldEventsRepository);
    const removed = await world.run(async (tx) => {
      await world.get(ResendRepository).sendAgain(tx, rows[endpoints]!.id);
      const removing = world.run((other) =>
        repository.remove(
          other,
          rows.map(({ place }) => place),
        ),
      );
      await until(async () => (await world.query(WHO_WAITS)).length > 0);
      return { removing };
    });
    expect(await removed.removing).toEqual({ events: 2, deliveries: 2 * endpoints });
    expect((await events(merchant.id)).map(({ sequence }) => sequence)).toEqual([2]);
    const left = await world.query(`SELECT state, sequence FROM webhook_delivery WHERE merchant_id = $1 ORDER BY id DESC`, [
      merchant.id,
    ]);
    expect(left).toEqual([
      { state: 'waiting', sequence: 2 },
      ...Array.from({ length: endpoints - 1 }, () => ({ state: 'delivered', sequence: 2 })),
    ]);
  });
});

describe('a cursor', () => {
  it('behind which events were removed is refused as expired, be its own event kept or not', async () => {
    const { merchant, subject, ids } = await oldScene();
    await keepFirst(merchant.id);
    await world.run(async (tx) => recordEvents(tx, [await subject.draft(tx), await subject.draft(tx)]));
    await duty().execute();
    for (const id of ids)
      await expect(after(merchant.id, toTypeId('event', id))).rejects.toMatchObject({
        code: 'cursor_expired',
        definition: { status: 410 },
      });
  });

  it('leads from the beginning to the end, past what is kept before something that was removed', async () => {
    const { merchant, subject } = await oldScene();
    await keepFirst(merchant.id);
    await world.run(async (tx) => recordEvents(tx, [await subject.draft(tx), await subject.draft(tx)]));
    await duty().execute();
    await until(async () => (await after(merchant.id, undefined)).rows.length >= 2);
    for (const beginning of [undefined, 'beginning']) expect(await readOn(merchant.id, beginning)).toEqual([4, 5]);
  });

  it('is expired also for a page during which events behind it were removed', async () => {
    const { merchant, ids } = await oldScene();
    await keepFirst(merchant.id);
    await until(async () => (await after(merchant.id, undefined)).rows.length === 3);
    class OvertakenFeed extends EventFeedQueries {
      override async start(...asked: Parameters<EventFeedQueries['start']>): Promise<FeedStart> {
        const start = await super.start(...asked);
        await duty().execute();
        return start;
      }
    }
    const page = { after: toTypeId('event', ids[0]!), limit: 100 };
    const request = { merchantId: merchant.id, page, scope: { bulkId: null, payoutId: null } };
    await expect(new ReadFeed(world.transactions, new OvertakenFeed()).execute(request)).rejects.toMatchObject({
      code: 'cursor_expired',
    });
  });

  it('of the latest stands behind what was removed, where all that is left is older', async () => {
    const { merchant, subject } = await oldScene();
    await keepFirst(merchant.id);
    await duty().execute();
    const latest = await world.run((tx) => world.get(EventFeedQueries).start(tx, merchant.id, { after: 'latest' }));
    expect(cursorOf(latest)).toBe('beginning');
    await world.run(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
    await until(async () => (await after(merchant.id, cursorOf(latest))).rows.length > 0);
    expect(await readOn(merchant.id, cursorOf(latest))).toEqual([4]);
  });

  it('of the history of one bulk or one payout leads through all that is kept', async () => {
    const { merchant, subject, ids } = await oldScene();
    await world.query(`UPDATE webhook_delivery SET state = 'waiting' WHERE merchant_id = $1 AND sequence <> 3`, [merchant.id]);
    const scope = { bulkId: newUuid(), payoutId: null };
    await world.query(`UPDATE event SET bulk_id = $2, payout_id = subject_id WHERE merchant_id = $1`, [
      merchant.id,
      scope.bulkId,
    ]);
    await duty().execute();
    const [whole, rest] = [undefined, toTypeId('event', ids[0]!)].map((from) => ({ after: from, limit: 100 }));
    const ofBulk = { merchantId: merchant.id, page: rest!, scope, isHistory: true };
    await until(async () => sequencesOf(await world.get(ReadFeed).execute({ ...ofBulk, page: whole! })).length === 2);
    expect(sequencesOf(await world.get(ReadFeed).execute(ofBulk))).toEqual([2]);
    const ofPayout = { page: rest!, payoutId: subject.id };
    expect(sequencesOf(await world.run((tx) => world.get(EventFeedQueries).history(tx, merchant.id, ofPayout)))).toEqual([2]);
    // The feed, asked for that bulk alone, promises that nothing is missing.
    await expect(world.get(ReadFeed).execute({ ...ofBulk, isHistory: false })).rejects.toMatchObject({ code: 'cursor_expired' });
  });

  it('that was never one is not called expired', async () => {
    const { merchant } = await oldScene();
    await duty().execute();
    const future = (Date.now() + 3_600_000).toString(16).padStart(12, '0');
    const id = `${future.slice(0, 8)}-${future.slice(8)}-7000-8000-000000000000`;
    await expect(after(merchant.id, toTypeId('event', id))).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

it('lists by rare types go by the index of them', async () => {
  const plan = await world.run(async (tx) => {
    await tx.query('SET LOCAL enable_seqscan = off');
    await tx.query('SET LOCAL enable_bitmapscan = off');
    return tx.query<Record<string, string>>(
      `EXPLAIN SELECT id FROM event WHERE merchant_id = '${newUuid()}' AND type = 'payout.intent_failed' AND ${TYPE_IS_RARE}
       ORDER BY feed, place LIMIT 10`,
    );
  });
  expect(JSON.stringify(plan)).toContain('event_of_rare_type');
});
