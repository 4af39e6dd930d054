import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toTypeId } from '../../src/platform/ids/index.js';
import {
  EventFeedQueries,
  type EventRow,
  type FeedPlace,
  type FeedStart,
  type FollowedRow,
} from '../../src/webhooks/events/event-feed.queries.js';
import { ReadFeed } from '../../src/webhooks/events/read-feed.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { until } from '../support/until.js';
import { Subject } from '../support/webhook-world.js';

let db: TestDatabase;
const feed = new EventFeedQueries();
const ANY = { bulkId: null, payoutId: null };

beforeAll(async () => {
  db = await testDatabase({ poolSize: 20 });
});
afterAll(() => db.close());

const page = (merchantId: string, after: string | undefined, limit = 1000): Promise<readonly EventRow[]> =>
  db.transactions.asMerchant(merchantId, async (tx) => {
    const from = await feed.start(tx, merchantId, { after });
    return (await feed.page(tx, merchantId, { from, page: { limit }, scope: ANY })).rows;
  });

/** Reads to the end of what is shown now, in pages. */
async function readOn(merchantId: string, seen: EventRow[]): Promise<void> {
  for (;;) {
    const last = seen.at(-1);
    const rows = await page(merchantId, last === undefined ? undefined : toTypeId('event', last.id), 7);
    if (rows.length === 0) return;
    seen.push(...rows);
  }
}

const dataOf = (row: EventRow) => (JSON.parse(row.body.toString('utf8')) as { data: { subject: string; sequence: number } }).data;

/** Says how often a reader has found where it begins. */
class WatchedFeed extends EventFeedQueries {
  starts = 0;

  override async start(...asked: Parameters<EventFeedQueries['start']>): Promise<FeedStart> {
    const start = await super.start(...asked);
    this.starts += 1;
    return start;
  }
}

/** Numbers in (0, 1) that a seed decides (Park and Miller): who waits how long, and who fails. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff;
}

/** Two subjects, of which the second has told its event while the transaction that numbers the first one's is still open. */
async function overtaken(merchantId: string) {
  const [early, late] = [new Subject(merchantId), new Subject(merchantId)];
  let finish: (() => void) | undefined;
  const open = db.transactions.asEngine(async (tx) => {
    const draft = await early.draft(tx);
    await new Promise<void>((resolve) => (finish = resolve));
    await recordEvents(tx, [draft]);
  });
  await until(() => finish !== undefined);
  await db.transactions.asEngine(async (tx) => recordEvents(tx, [await late.draft(tx)]));
  const commit = (): Promise<void> => {
    finish?.();
    return open;
  };
  return { early, late, commit };
}

describe('the event feed', () => {
  it('shows nothing past a transaction that is still open, and then all of it in one order', async () => {
    const merchant = await testMerchant(db);
    const { early, late, commit } = await overtaken(merchant.id);
    // Committed, and behind what may still come.
    expect(await page(merchant.id, undefined)).toEqual([]);
    // One payout's own history does not wait: its events are committed one after the other.
    const own = { page: { limit: 10 }, payoutId: late.id };
    const history = await db.transactions.asMerchant(merchant.id, (tx) => feed.history(tx, merchant.id, own));
    expect(history.rows.map((row) => dataOf(row).sequence)).toEqual([1]);
    // The feed does, though it is asked for that payout alone: what it gives is a cursor of the whole feed.
    const filtered = { merchantId: merchant.id, page: { limit: 10 }, scope: { bulkId: null, payoutId: late.id } };
    expect((await new ReadFeed(db.transactions, feed).execute(filtered)).rows).toEqual([]);
    await commit();
    await until(async () => (await page(merchant.id, undefined)).length === 2);
    expect((await page(merchant.id, undefined)).map((row) => dataOf(row).subject)).toEqual([early.id, late.id]);
  });

  it('behind an event that it has not come to skips nothing that is committed before it: neither a page nor a follower', async () => {
    const merchant = await testMerchant(db);
    const { early, late, commit } = await overtaken(merchant.id);
    const [ahead] = await db.dataSource.query<{ id: string }[]>(`SELECT id FROM event WHERE subject_id = $1`, [late.id]);
    const request = { merchantId: merchant.id, page: { after: toTypeId('event', ahead!.id), limit: 10 }, scope: ANY };
    const watched = new WatchedFeed();
    const pages = new ReadFeed(db.transactions, watched);
    const at = await db.transactions.asEngine((tx) => feed.start(tx, merchant.id, request.page));
    await expect(pages.execute(request, 0)).rejects.toThrow('has not come to this event yet');
    const looks = watched.starts;
    const answer = pages.execute(request, Infinity);
    await until(() => watched.starts > looks);
    await commit();
    const subjects = (rows: readonly { body: Buffer | null }[]) =>
      rows.map(({ body }) => dataOf({ id: '', body: body! }).subject);
    expect(subjects((await answer).rows)).toEqual([early.id, late.id]);
    const [followed] = await db.transactions.asEngine((tx) =>
      feed.follow(tx, [{ merchantId: merchant.id, scope: ANY, type: null, at }]),
    );
    expect(subjects(followed!.rows)).toEqual([early.id, late.id]);
    expect(await page(merchant.id, request.page.after)).toEqual([]);
  });

  it('misses nothing and repeats nothing for a reader among many writers, whatever the order of their commits', async () => {
    const merchant = await testMerchant(db);
    const subjects = Array.from({ length: 8 }, () => new Subject(merchant.id));
    const run = { writing: true };
    const writers = subjects.map(async (subject) => {
      for (let n = 0; n < 25; n += 1) {
        await db.transactions.asEngine(async (tx) => {
          const drafts = [await subject.draft(tx), await subject.draft(tx)];
          // Held open for a while, between the number and the row and between the row and the commit.
          await tx.query('SELECT pg_sleep(random() * 0.01)');
          await recordEvents(tx, drafts);
          await tx.query('SELECT pg_sleep(random() * 0.01)');
        });
      }
    });
    const seen: EventRow[] = [];
    const reader = (async () => {
      while (run.writing) await readOn(merchant.id, seen);
    })();
    await Promise.all(writers);
    run.writing = false;
    await reader;
    await until(async () => {
      await readOn(merchant.id, seen);
      return seen.length >= 400;
    });

    expect(new Set(seen.map(({ id }) => id)).size).toBe(400);
    for (const subject of subjects) {
      const sequences = seen.map(dataOf).filter((data) => data.subject === subject.id);
      expect(sequences.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    }
    const again: EventRow[] = [];
    await readOn(merchant.id, again);
    expect(again.map(({ id }) => id)).toEqual(seen.map(({ id }) => id));
  });

  it.each([1, 2, 3])(
    'gives a follower all that a page gives, in its order, while transactions are held open and some fail (seed %i)',
    async (seed) => {
      const merchant = await testMerchant(db);
      const subjects = Array.from({ length: 12 }, () => new Subject(merchant.id));
      const only = subjects[0]!;
      const run = { writing: true };
      const writers = subjects.map(async (subject, index) => {
        const random = randomFrom(seed * 100 + index);
        for (let n = 0; n < 12; n += 1) {
          // Some hold their number for long before they commit, so that younger ones pass them.
          const [before_s, after_s] = [random() < 0.2 ? 0.15 : random() * 0.01, random() < 0.2 ? 0.15 : random() * 0.01];
          const fails = random() < 0.2;
          const work = db.transactions.asEngine(async (tx) => {
            await tx.query('SELECT feed_now(), pg_sleep($1)', [before_s]);
            if (fails) throw new Error('rolled back');
            await recordEvents(tx, [await subject.draft(tx)]);
            await tx.query('SELECT pg_sleep($1)', [after_s]);
          });
          await work.catch((error: unknown) => expect(error).toEqual(new Error('rolled back')));
        }
      });
      const scopes = [ANY, { bulkId: null, payoutId: only.id }];
      const at: FeedPlace[] = scopes.map(() => ({ id: null, feed: '0', place: '0' }));
      const seen: FollowedRow[][] = scopes.map(() => []);
      const look = async (): Promise<void> => {
        const followers = scopes.map((scope, index) => ({ merchantId: merchant.id, scope, type: null, at: at[index]! }));
        const pages = await db.transactions.asEngine((tx) => feed.follow(tx, followers));
        pages.forEach(({ rows }, index) => {
          seen[index]?.push(...rows);
          at[index] = rows.at(-1) ?? at[index]!;
        });
      };
      const reader = (async () => {
        while (run.writing) await look();
      })();
      await Promise.all(writers);
      run.writing = false;
      await reader;
      const written = await db.transactions.asEngine((tx) =>
        tx.query<{ id: string }>('SELECT id FROM event WHERE merchant_id = $1', [merchant.id]),
      );
      await until(async () => {
        await look();
        return (seen[0]?.length ?? 0) >= written.length;
      });
      await look();
      const all = await page(merchant.id, undefined);
      for (const rows of seen) expect(rows.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
      const ofOne = all.filter((row) => dataOf(row).subject === only.id).map(({ id }) => id);
      expect(seen[1]?.flatMap(({ id, body }) => (body === null ? [] : [id]))).toEqual(ofOne);
      expect(written.length).toBe(all.length);
    },
  );

  it("keeps a subject's order where a transaction took its number before one that it then waited for", async () => {
    const merchant = await testMerchant(db);
    const subject = new Subject(merchant.id);
    let goOn: (() => void) | undefined;
    const older = db.transactions.asEngine(async (tx) => {
      const early = await tx.one<{ feed: string }>('SELECT feed_now() AS feed');
      await new Promise<void>((resolve) => (goOn = resolve));
      const draft = await subject.draft(tx);
      const last = await tx.one<{ feed: string }>('SELECT max(feed) AS feed FROM event WHERE subject_id = $1', [subject.id]);
      // What `greatest(feed, feed_now())` of the subject's row gives.
      expect(BigInt(last?.feed ?? 0)).toBeGreaterThan(BigInt(early?.feed ?? 0));
      await recordEvents(tx, [{ ...draft, feed: last?.feed ?? '' }]);
    });
    await until(() => goOn !== undefined);
    await db.transactions.asEngine(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
    goOn?.();
    await older;
    await until(async () => (await page(merchant.id, undefined)).length === 2);
    expect((await page(merchant.id, undefined)).map((row) => dataOf(row).sequence)).toEqual([1, 2]);
  });

  it('begins with the members that the contract puts first, and keeps the bytes', async () => {
    const merchant = await testMerchant(db);
    const subject = new Subject(merchant.id);
    await db.transactions.asEngine(async (tx) => {
      const draft = await subject.draft(tx);
      await recordEvents(tx, [{ ...draft, data: { z: 'Åsa ☃ 😀 \u0000 \ud800', a: [1, { b: null }] } }]);
    });
    await until(async () => (await page(merchant.id, undefined)).length === 1);
    const [row] = await page(merchant.id, undefined);
    const text = row!.body.toString('utf8');
    expect(text).toMatch(/^\{"type":"payout.scheduled","timestamp":"[^"]+Z","data":\{"event_id":"event_[^"]+","sequence":1,"z":/);
    expect(dataOf(row!)).toMatchObject({
      event_id: toTypeId('event', row!.id),
      z: 'Åsa ☃ 😀 \u0000 \ud800',
      a: [1, { b: null }],
    });
  });

  it('is empty behind a merchant who has none, and refuses a cursor that is malformed, unknown or foreign', async () => {
    const [merchant, other] = [await testMerchant(db), await testMerchant(db)];
    await db.transactions.asEngine(async (tx) => recordEvents(tx, [await new Subject(other.id).draft(tx)]));
    expect(await page(merchant.id, undefined)).toEqual([]);
    await until(async () => (await page(other.id, undefined)).length === 1);
    const foreign = toTypeId('event', (await page(other.id, undefined))[0]!.id);
    for (const after of ['', 'nonsense', 'event_01h455vb4pex5vsknk084sn02q', foreign]) {
      await expect(page(merchant.id, after)).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
  });
});
