import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Transactions } from '../../src/platform/database/index.js';
import { DrawnBuckets, drawTokens, forgetFullBuckets, TokenDrawer, type Verdict } from '../../src/platform/rate-limit/index.js';
import { type TestDatabase, testDatabase } from '../support/index.js';
import { until } from '../support/until.js';

/** Slow enough that next to nothing flows in while a test runs. */
const RATE = { perSecond: 0.01, burst: 100 };

let db: TestDatabase;
/** How many statements of draws have been sent. */
let draws = 0;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const drawer = (): TokenDrawer =>
  new TokenDrawer((wishes) => {
    draws += 1;
    return db.transactions.asEngine((tx) => drawTokens(tx, wishes));
  });

/** What one process has of a limit. */
const bucketsOfOne = (policy: string, rate = RATE): DrawnBuckets => new DrawnBuckets(policy, rate, drawer());

const takeMany = (buckets: DrawnBuckets, subject: string, times: number): Promise<Verdict[]> =>
  Promise.all(Array.from({ length: times }, async () => buckets.take(subject)));

const takenOf = (verdicts: readonly Verdict[]): number => verdicts.filter(({ taken }) => taken).length;

describe('the buckets of several processes', () => {
  it('give the burst once, however many ask at once', async () => {
    const processes = Array.from({ length: 3 }, () => bucketsOfOne('burst'));
    const verdicts = await Promise.all(processes.map((each) => takeMany(each, 'one', 80)));
    expect(takenOf(verdicts.flat())).toBe(RATE.burst);
    for (const verdict of verdicts.flat()) expect(verdict.taken || verdict.wait_ms > 0).toBe(true);
  });

  it('keep subjects and policies apart', async () => {
    const buckets = bucketsOfOne('apart');
    expect(takenOf(await takeMany(buckets, 'one', 101))).toBe(100);
    expect(takenOf(await takeMany(buckets, 'other', 100))).toBe(100);
    expect(takenOf(await takeMany(bucketsOfOne('another'), 'one', 100))).toBe(100);
  });

  it('give what has flowed in since, and never more than the burst', async () => {
    const buckets = bucketsOfOne('flow');
    await takeMany(buckets, 'one', 101);
    await db.transactions.asEngine((tx) =>
      tx.query(`UPDATE rate_bucket SET filled_at = filled_at - interval '3000 seconds' WHERE name = 'flow one'`),
    );
    expect(takenOf(await takeMany(bucketsOfOne('flow'), 'one', 100))).toBe(30);
    await db.transactions.asEngine((tx) =>
      tx.query(`UPDATE rate_bucket SET filled_at = filled_at - interval '1 day' WHERE name = 'flow one'`),
    );
    expect(takenOf(await takeMany(bucketsOfOne('flow'), 'one', 200))).toBe(100);
  });

  it('take from a portion that was drawn ahead: a busy subject costs a draw for many', async () => {
    const buckets = bucketsOfOne('ahead', { perSecond: 1_000, burst: 10_000 });
    const before = draws;
    for (let taken = 0; taken < 2_000; taken += 1) expect((await buckets.take('busy')).taken).toBe(true);
    expect(draws - before).toBeLessThan(100);
  });

  it('are refused from memory while the bucket is known to be empty', async () => {
    const buckets = bucketsOfOne('empty');
    await takeMany(buckets, 'one', 101);
    const before = draws;
    expect(takenOf(await takeMany(buckets, 'one', 10_000))).toBe(0);
    expect(draws).toBe(before);
  });

  it('draw for every subject that comes at once in one statement', async () => {
    const buckets = bucketsOfOne('many');
    const before = draws;
    await Promise.all(Array.from({ length: 300 }, async (_, index) => buckets.take(String(index))));
    expect(draws - before).toBe(1);
  });

  it('give back what turned out not to count', async () => {
    const buckets = bucketsOfOne('back', { perSecond: 0.01, burst: 1 });
    for (let times = 0; times < 5; times += 1) {
      expect((await buckets.take('one')).taken).toBe(true);
      buckets.giveBack('one');
    }
    await buckets.take('one');
    expect((await buckets.take('one')).taken).toBe(false);
  });

  it('that are full again are forgotten, others are kept', async () => {
    await bucketsOfOne('forget').take('old');
    await bucketsOfOne('forget').take('new');
    await db.transactions.asEngine((tx) =>
      tx.query(`UPDATE rate_bucket SET filled_at = filled_at - interval '2 minutes' WHERE name = 'forget old'`),
    );
    await db.transactions.asEngine(forgetFullBuckets);
    const left = await db.transactions.asEngine((tx) =>
      tx.query<{ name: string }>(`SELECT name FROM rate_bucket WHERE name LIKE 'forget%'`),
    );
    expect(left.map(({ name }) => name)).toEqual(['forget new']);
  });
});

describe('while the database is away', () => {
  it('each process keeps every subject to a second of the rate, and shares again when it is back', async () => {
    const away = await testDatabase();
    const transactions = new Transactions(away.dataSource, away.dataSource);
    const wishes = new TokenDrawer((each) => transactions.asEngine((tx) => drawTokens(tx, each)));
    const buckets = new DrawnBuckets('away', { perSecond: 20, burst: 200 }, wishes);
    await away.dataSource.destroy();
    const began_ms = performance.now();
    const taken = takenOf(await takeMany(buckets, 'one', 200));
    expect(wishes.isAway).toBe(true);
    expect(taken).toBeGreaterThanOrEqual(20);
    expect(taken).toBeLessThanOrEqual(20 + 20 * ((performance.now() - began_ms) / 1000));
    await away.dataSource.initialize();
    await until(async () => {
      await buckets.take('one');
      return !wishes.isAway;
    });
    expect(takenOf(await takeMany(buckets, 'two', 200))).toBeGreaterThanOrEqual(199);
    await away.close();
  });
});
