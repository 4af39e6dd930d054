import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Configuration } from '../../src/platform/config/index.js';
import { dataSourceOptions, openDataSource, Transactions, type Tx, WakeListener } from '../../src/platform/database/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { Metrics, Traces } from '../../src/platform/observability/index.js';
import { BacklogRepository } from '../../src/webhooks/deliveries/backlog.repository.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import type { SentDelivery } from '../../src/webhooks/deliveries/deliver.js';
import { type ClaimedDelivery, DeliveryRepository } from '../../src/webhooks/deliveries/delivery.repository.js';
import { DispatcherMetrics } from '../../src/webhooks/deliveries/dispatcher-metrics.js';
import { ExpireHeld } from '../../src/webhooks/deliveries/expire-held.js';
import { LaneFigures } from '../../src/webhooks/deliveries/lane-figures.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import { SettleAndClaim } from '../../src/webhooks/deliveries/settle-and-claim.js';
import { SettleDeliveries } from '../../src/webhooks/deliveries/settle-deliveries.js';
import { merchantsWithoutTurn } from '../../src/webhooks/deliveries/share-places.js';
import { WriteBodies } from '../../src/webhooks/deliveries/write-bodies.js';
import { EndpointNotices } from '../../src/webhooks/endpoints/endpoint-notices.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { until } from '../support/until.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

/** Hundreds of lanes take seconds to make on a busy machine. */
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
// What one test leaves open is nobody's work in the next.
afterEach(() =>
  db.dataSource.query(
    `UPDATE webhook_delivery SET state = 'skipped', lease_until = NULL WHERE state IN ('waiting', 'in_flight');
     UPDATE webhook_endpoint SET ready_at = 'infinity';
     DELETE FROM webhook_lane_wake`,
  ),
);
afterAll(() => db.close());

const lanes = new LaneRepository();
const claims = new ClaimDeliveries(lanes, new DeliveryRepository(), { lease_s: 60 } as Configuration);

/** One claim as a process makes it: what it gives takes its places. */
async function claim(places = new Places(256), ended: readonly SentDelivery[] = []): Promise<ClaimedDelivery[]> {
  const claimed = await db.transactions.asEngine((tx) => claims.execute(tx, places, ended));
  for (const one of claimed) places.take(one);
  return claimed;
}
/** Whose turn it is, as a claim asks. */
async function turns(tx: Tx): Promise<string[]> {
  await lanes.queueReady(tx);
  return (await lanes.inTurn(tx, [])).map(({ id }) => id);
}
const write = (ids: readonly string[], columns: string): Promise<unknown> =>
  db.dataSource.query(`UPDATE webhook_endpoint SET ${columns} WHERE id = ANY ($1)`, [ids]);
const countBy = (claimed: readonly ClaimedDelivery[], ids: readonly string[]): number[] =>
  ids.map((id) => claimed.filter(({ endpoint_id }) => endpoint_id === id).length);

/** A merchant with lanes of their own events, and as many of them waiting at each. */
async function merchantWith(
  count: number,
  waiting: number,
  url = (n: number) => `https://${n}.example/${newUuid()}`,
): Promise<string[]> {
  const { id: merchantId } = await testMerchant(db);
  const made = Array.from({ length: count }, (_, n) =>
    registerEndpoint(db, merchantId, { url: url(n), eventTypes: [`payout.kind${n}`] }),
  );
  const ids = (await Promise.all(made)).map(({ id }) => id);
  await db.transactions.asEngine(async (tx) => {
    const drafts = [];
    for (let n = 0; n < count * waiting; n += 1) drafts.push(await new Subject(merchantId).draft(tx, `payout.kind${n % count}`));
    await recordEvents(tx, drafts);
  });
  return ids;
}

const settle = new SettleDeliveries(new DeliveryRepository(), lanes, new EndpointNotices(new EndpointRepository()));
const bodies = new WriteBodies(
  new DeliveryRepository(),
  lanes,
  new DispatcherMetrics(new Metrics(), new Traces({ traces: null })),
);
const taken = (delivery: ClaimedDelivery): SentDelivery => ({
  delivery,
  answer: { kind: 'answered', status: 204, retryAfter: null, snippet: '', address: '192.0.2.1' },
  verdict: { kind: 'delivered' },
  ...{ claimed_ms: 0, started_ms: 0, ended_ms: 0 },
});

/** A node of a plan, as EXPLAIN tells it. */
interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

const rowsRead = (node: PlanNode): number =>
  (node['Relation Name'] === 'webhook_endpoint'
    ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    : 0) + (node.Plans ?? []).reduce((sum, inner) => sum + rowsRead(inner), 0);

describe('a claim', () => {
  it('begins with one call of each lane, and none while that is out', async () => {
    const ids = await merchantWith(3, 5);
    const places = new Places(256);
    expect(countBy(await claim(places), ids)).toEqual([1, 1, 1]);
    expect(await claim(places)).toEqual([]);
    // Another process counts the same calls.
    expect(await claim()).toEqual([]);
  });

  it('lets a lane have as many calls out as it has grown to, over all processes', async () => {
    const ids = await merchantWith(1, 20);
    await write(ids, 'calls_max = 8');
    // An eighth of what is free there.
    expect(await claim(new Places(24))).toHaveLength(2);
    expect(await claim()).toHaveLength(6);
    expect(await claim()).toEqual([]);
  });

  it('counts calls to a host over all lanes, merchants and processes', async () => {
    const url = (n: number): string => `https://shared.example/${n}/${newUuid()}`;
    const [a, b] = [await merchantWith(3, 30, url), await merchantWith(1, 30, url)];
    await write([...a, ...b], 'calls_max = 32');
    const claimed = [...(await claim()), ...(await claim()), ...(await claim()), ...(await claim())];
    expect(claimed).toHaveLength(64);
    expect(Math.min(...countBy(claimed, [...a, ...b]))).toBeGreaterThanOrEqual(8);
    expect(await claim()).toEqual([]);
  });

  it('takes a URL of which no host can be read for a host of its own', async () => {
    // Such were taken before the reading of a URL refused them.
    const ids = await merchantWith(2, 2, (n) => `HTTPS://shared.example/${n}/${newUuid()}`);
    await write(ids, 'calls_max = 2');
    expect(countBy([...(await claim()), ...(await claim())], ids)).toEqual([2, 2]);
  });

  it('counts no call to a host that has ended, before that is settled; to its lane it is out until then', async () => {
    const ids = await merchantWith(4, 30, (n) => `https://answered.example/${n}/${newUuid()}`);
    await write(ids, 'calls_max = 16');
    const out = [...(await claim()), ...(await claim())];
    expect(countBy(out, ids)).toEqual([16, 16, 16, 16]);
    await write(ids.slice(2), `calls_max = 32, ready_at = '-infinity'`);
    const ended = out.filter(({ endpoint_id }) => endpoint_id === ids[0] || endpoint_id === ids[2]).slice(0, 20);
    expect(await claim(new Places(256), [])).toEqual([]);
    const more = await claim(new Places(256), ended.map(taken));
    expect([more.length, countBy(more, ids.slice(0, 2))]).toEqual([20, [0, 0]]);
    // What another process has claimed since is not what has ended here.
    await db.dataSource.query('UPDATE webhook_delivery SET claim_no = claim_no + 1 WHERE id = ANY ($1)', [
      ended.map(({ id }) => id),
    ]);
    expect(await claim(new Places(256), ended.map(taken))).toEqual([]);
  });

  it('gives a lane its next call in the transaction that settles its last', async () => {
    const ids = await merchantWith(2, 5);
    const places = new Places(256);
    const first = await claim(places);
    const rounds = new SettleAndClaim(settle, claims, bodies, lanes);
    const round = await db.transactions.asEngine((tx) => rounds.execute(tx, { settling: first.map(taken), ended: [], places }));
    expect(round.counted).toHaveLength(2);
    // Each has grown by its success.
    expect(countBy(round.claimed, ids)).toEqual([2, 2]);
  });

  it('never counts a host twice at once: of two claims one leaves it to the other', async () => {
    const ids = await merchantWith(2, 2, (n) => `https://one.example/${n}/${newUuid()}`);
    await db.transactions.asEngine(async (tx) => {
      await turns(tx);
      expect(await claim()).toEqual([]);
    });
    expect(countBy(await claim(), ids)).toEqual([1, 1]);
  });

  it('starts no more calls than the rate of a lane allows, and comes back when it allows another', async () => {
    const ids = await merchantWith(1, 20);
    await write(ids, 'calls_max = 32, rate_per_second = 2');
    expect(await claim()).toHaveLength(1);
    expect(await claim()).toEqual([]);
    const wait_ms = await db.transactions.asEngine((tx) => lanes.nextReady(tx, [], 50));
    expect(wait_ms).toBeLessThanOrEqual(500);
    await write(ids, `rate_spent_until = now() - interval '1 hour', ready_at = now()`);
    expect(await claim()).toHaveLength(1);
  });

  it('shares a process between merchants: hundreds of dead lanes of one leave its share to another', async () => {
    await merchantWith(200, 1);
    const places = new Places(256);
    while ((await claim(places)).length > 0);
    expect(places.free).toBe(64);
    const others = await merchantWith(10, 5);
    await write(others, 'calls_max = 32');
    while ((await claim(places)).length > 0);
    expect(others.reduce((sum, id) => sum + places.ofLane(id), 0)).toBeGreaterThanOrEqual(30);
  });

  it('asks nothing of the lanes of a merchant whose share is used up until it is worth a turn, and neither wakes for them nor writes to them', async () => {
    const many = await merchantWith(250, 1);
    const places = new Places(256);
    while ((await claim(places)).length > 0);
    const versions = (): Promise<unknown> =>
      db.dataSource.query('SELECT xmin::text FROM webhook_endpoint WHERE id = ANY ($1) ORDER BY id', [many]);
    const before = await versions();
    const others = await merchantWith(3, 1);
    expect(countBy(await claim(places), others)).toEqual([1, 1, 1]);
    expect(await claim(places)).toEqual([]);
    expect(await versions()).toEqual(before);
    const wait = (without: readonly string[]) => db.transactions.asEngine((tx) => lanes.nextReady(tx, without, 50));
    expect(await wait([])).toBe(50);
    expect(await wait(merchantsWithoutTurn(places))).toBeGreaterThan(50);
    const [merchant_id] = merchantsWithoutTurn(places);
    const end = (ids: readonly string[]): void => {
      for (const endpoint_id of ids) places.leave({ endpoint_id, merchant_id: merchant_id!, doubtful: false });
    };
    end(many.slice(0, 13));
    expect(await claim(places)).toEqual([]);
    end(many.slice(13, 14));
    expect(await claim(places)).toHaveLength(12);
  });

  it.each([
    ['to lanes whose last one failed', 'UPDATE webhook_endpoint SET failure_streak = 1 WHERE id = ANY ($1)'],
    ['that are retries', 'UPDATE webhook_delivery SET attempts = 1 WHERE endpoint_id = ANY ($1)'],
  ])(
    'gives calls %s no more than three quarters of the places: the rest is kept for what nothing speaks against',
    async (_, fail) => {
      // Of a merchant each, or what one merchant may have would be the limit.
      const ids = (await Promise.all(Array.from({ length: 8 }, () => merchantWith(1, 1)))).flat();
      await db.dataSource.query(fail, [ids]);
      const places = new Places(8);
      expect((await claim(places)).map(({ doubtful }) => doubtful)).toEqual(Array(6).fill(true));
      expect(await claim(places)).toEqual([]);
      const fresh = await merchantWith(1, 1);
      expect((await claim(places)).map(({ endpoint_id, doubtful }) => [endpoint_id, doubtful])).toEqual([[fresh[0], false]]);
    },
  );

  it('takes a lane of every merchant before the second of any', async () => {
    const many = await merchantWith(80, 1);
    const one = await merchantWith(1, 1);
    const claimed = await claim(new Places(4));
    expect(countBy(claimed, one)).toEqual([1]);
    expect(countBy(claimed, many).filter((count) => count > 0).length).toBeGreaterThan(0);
  });
});

describe('a lane', () => {
  const ready = (): Promise<string[]> => db.transactions.asEngine(turns);

  it('is looked at only when something may be due, and again as soon as somebody writes for it', async () => {
    const { id: merchantId } = await testMerchant(db);
    const { id } = await registerEndpoint(db, merchantId, { url: `https://merchant.example/${newUuid()}` });
    await claim();
    expect(await ready()).not.toContain(id);
    const subject = new Subject(merchantId);
    await db.transactions.asEngine(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
    expect(await ready()).toContain(id);
    await claim();
    expect(await ready()).not.toContain(id);
    expect(await db.dataSource.query(`SELECT FROM webhook_lane_wake WHERE endpoint_id = $1`, [id])).toEqual([]);
  });

  it('stands in the queue again where it leaves it while a claim takes its wake away', async () => {
    const { id: merchantId } = await testMerchant(db);
    const { id } = await registerEndpoint(db, merchantId, { url: `https://merchant.example/${newUuid()}` });
    const subject = new Subject(merchantId);
    await db.transactions.asEngine(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
    await write([id], `ready_at = '-infinity'`);
    const gate = db.dataSource.createQueryRunner();
    await gate.query('SELECT pg_advisory_lock(1)');
    const now = (kind: string, body: string): Promise<unknown> =>
      gate.query(`CREATE OR REPLACE FUNCTION tranche_now() RETURNS timestamptz LANGUAGE ${kind} PARALLEL SAFE AS $$${body}$$`);
    await now(
      // Volatile, or the planner would wait, before there is a snapshot.
      'plpgsql VOLATILE',
      `BEGIN IF current_setting('test.waits', true) = 'on' THEN PERFORM pg_advisory_xact_lock_shared(1); END IF; RETURN now(); END`,
    );
    // Its snapshot is older than what follows, its locks are younger.
    const queued = db.transactions.asEngine(async (tx) => {
      await tx.query(`SELECT set_config('test.waits', 'on', true)`);
      await lanes.queueReady(tx);
    });
    const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
    await until(async () => ((await gate.query(waiting)) as unknown[]).length > 0);
    await write([id], `ready_at = 'infinity'`);
    await gate.query('SELECT pg_advisory_unlock(1)');
    await queued;
    await now('sql STABLE', 'SELECT now()');
    await gate.release();
    expect(await db.dataSource.query('SELECT FROM webhook_lane_wake WHERE endpoint_id = $1', [id])).toEqual([]);
    expect(await ready()).toContain(id);
  });

  it('is called in every process at the commit of whoever writes for it, and by nothing that nobody gets', async () => {
    const [listener, heard] = [new WakeListener(db.url), [] as string[]];
    for (const topic of ['deliver', 'follow'] as const) listener.on(topic, () => heard.push(topic));
    await listener.ready();
    heard.length = 0;
    const { id: merchantId } = await testMerchant(db);
    const tell = (): Promise<void> =>
      db.transactions.asEngine(async (tx) => recordEvents(tx, [await new Subject(merchantId).draft(tx)]));
    await tell();
    await registerEndpoint(db, merchantId, { url: `https://merchant.example/${newUuid()}` });
    await tell();
    await until(() => heard.length >= 3);
    expect(heard).toEqual(['follow', 'deliver', 'follow']);
    await listener.onModuleDestroy();
  });

  it('that nobody called is found by the look over all of them', async () => {
    const [id] = await merchantWith(1, 1);
    await db.dataSource.query(`DELETE FROM webhook_lane_wake`);
    await write([id!], `ready_at = 'infinity'`);
    expect(await ready()).toEqual([]);
    await db.transactions.asEngine((tx) => lanes.lookOver(tx));
    expect(await ready()).toEqual([id]);
  });

  it('that has a call out for all that it has grown to was not forgotten, and is left alone', async () => {
    const [full, forgotten] = await merchantWith(2, 3);
    await claim();
    await write([forgotten!], `calls_max = 2`);
    await db.transactions.asEngine((tx) => lanes.lookOver(tx));
    expect(await ready()).toEqual([forgotten]);
    expect(full).not.toBe(forgotten);
  });

  it('that is paused keeps no calls, and is ready when its pause ends', async () => {
    const [id] = await merchantWith(1, 1);
    await write(
      [id!],
      `status = 'paused', reason = 'failing', paused_until = now() + interval '1 minute', ready_at = now() + interval '1 minute'`,
    );
    expect(await ready()).toEqual([]);
    expect(await db.dataSource.query(`SELECT FROM webhook_lane_wake WHERE endpoint_id = $1`, [id])).toEqual([]);
    const wait_ms = await db.transactions.asEngine((tx) => lanes.nextReady(tx, [], 50));
    expect(wait_ms).toBeGreaterThan(0);
  });
});

describe('the queue', () => {
  /** Rows of lanes that a statement of the repository reads, by the server's own account. */
  async function lanesRead(ask: (tx: Tx) => Promise<unknown>): Promise<number> {
    let read = NaN;
    await db.transactions.asEngine(async (tx) => {
      await lanes.queueReady(tx);
      const explain = async (text: string, values: readonly unknown[]): Promise<[]> => {
        const [row] = await tx.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
        read = rowsRead(row!['QUERY PLAN'][0].Plan);
        return [];
      };
      await ask({ query: explain, one: explain } as unknown as Tx);
    });
    return read;
  }

  it('is not walked through: what a claim and a sleep read is the same however many lanes of a merchant wait for a place', async () => {
    const dead = await merchantWith(300, 1);
    const places = new Places(256);
    while ((await claim(places)).length > 0);
    const without = merchantsWithoutTurn(places);
    await merchantWith(2, 1);
    const reads = [
      await lanesRead((tx) => lanes.inTurn(tx, without)),
      await lanesRead((tx) => lanes.nextReady(tx, without, 50)),
      // With room for one, he has a turn, and the sum of what may be locked is not exceeded.
      await lanesRead((tx) => lanes.inTurn(tx, [])),
    ];
    expect(dead.filter((id) => places.ofLane(id) === 0)).toHaveLength(108);
    expect(reads.map((read, n) => read <= [20, 20, 400][n]!)).toEqual([true, true, true]);
  });

  it('is claimed from by plans that are kept, whatever the server expects of new ones', async () => {
    await merchantWith(2, 1);
    const source = await openDataSource(dataSourceOptions({ url: db.url, poolSize: 1 }));
    const plans = await new Transactions(source, source).asEngine(async (tx) => {
      expect(await claims.execute(tx, new Places(256))).toHaveLength(2);
      return tx.query(
        `SELECT custom_plans::integer AS made, generic_plans::integer AS kept FROM pg_prepared_statements
         WHERE statement LIKE '%webhook_endpoint%' AND statement NOT LIKE '%pg_prepared_statements%'`,
      );
    });
    await source.destroy();
    expect(plans).toEqual(Array(4).fill({ made: 0, kept: 1 }));
  });

  it('of many merchants is asked in turn: a claim goes on behind those whom the one before has asked, and round', async () => {
    const model = await testMerchant(db);
    const merchants = await db.dataSource.query<{ id: string }[]>(
      `WITH made AS (
         INSERT INTO merchant (id, name, webhook_secrets)
         SELECT tranche_uuid(), 'one of many', webhook_secrets FROM merchant, generate_series(1, 150) WHERE id = $1 RETURNING id),
       called AS (
         INSERT INTO webhook_endpoint (id, merchant_id, url, registered, from_bulk)
         SELECT tranche_uuid(), id, 'https://' || id || '.example', false, true FROM made)
       SELECT id FROM made ORDER BY id`,
      [model.id],
    );
    const rounds: string[][] = [];
    let after: string | undefined;
    for (let n = 0; n < 3; n += 1) {
      const asked = await db.transactions.asEngine((tx) => lanes.inTurn(tx, [], after));
      rounds.push(asked.map(({ merchant_id }) => merchant_id).sort());
      after = asked[0]!.cameTo!;
    }
    const ids = merchants.map(({ id }) => id);
    expect(rounds).toEqual([ids.slice(0, 64), ids.slice(64, 128), [...ids.slice(0, 42), ...ids.slice(128)]]);
  });

  it('has a lane that was woken once nobody holds it, and its wake stays until then', async () => {
    const [id] = await merchantWith(1, 1);
    const wakes = (): Promise<unknown[]> => db.dataSource.query(`SELECT FROM webhook_lane_wake WHERE endpoint_id = $1`, [id]);
    await write([id!], `ready_at = 'infinity'`);
    await db.transactions.asEngine(async (holder) => {
      await lanes.lock(holder, [id!]);
      expect(await db.transactions.asEngine(turns)).toEqual([]);
      expect(await wakes()).toHaveLength(1);
      expect(await db.transactions.asEngine((tx) => lanes.nextReady(tx, [], 50))).toBe(50);
    });
    expect(await db.transactions.asEngine(turns)).toEqual([id]);
    expect(await wakes()).toEqual([]);
  });

  it('has a lane again after an answer only where more of it is due, and else when that is', async () => {
    const [none, more, later] = await merchantWith(3, 2);
    const places = new Places(256);
    const out = await claim(places);
    await db.dataSource.query(`UPDATE webhook_delivery SET state = 'delivered' WHERE endpoint_id = $1 AND state = 'waiting'`, [
      none,
    ]);
    await db.dataSource.query(
      `UPDATE webhook_delivery SET due_at = now() + interval '1 hour' WHERE endpoint_id = $1 AND state = 'waiting'`,
      [later],
    );
    await db.transactions.asEngine((tx) => settle.execute(tx, out.map(taken)));
    expect(await db.transactions.asEngine(turns)).toEqual([more]);
    const ready = await db.dataSource.query<{ id: string; ready: string }[]>(
      `SELECT id, CASE WHEN isfinite(ready_at) THEN 'later' ELSE ready_at::text END AS ready FROM webhook_endpoint WHERE id = ANY ($1)`,
      [[none, more, later]],
    );
    expect(new Map(ready.map((lane) => [lane.id, lane.ready]))).toEqual(
      new Map([
        [none, 'infinity'],
        [more, '-infinity'],
        [later, 'later'],
      ]),
    );
  });
});

describe('what is held', () => {
  const states = async (endpointId: string): Promise<string[]> =>
    (
      await db.dataSource.query<{ state: string }[]>(
        `SELECT state FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY queued_at DESC`,
        [endpointId],
      )
    ).map(({ state }) => state);

  it('is dropped after thirty days, counted, and shown until then', async () => {
    const [id] = await merchantWith(1, 4);
    await write([id!], `status = 'disabled', reason = 'by_hand'`);
    await db.dataSource.query(
      `UPDATE webhook_delivery SET queued_at = now() - interval '31 days', due_at = now() - interval '31 days'
       WHERE id IN (SELECT id FROM webhook_delivery WHERE endpoint_id = $1 LIMIT 3)`,
      [id],
    );
    const metrics = new Metrics();
    const figures = new LaneFigures(db.transactions, metrics);
    const configuration = { webhookHeld_days: 30 } as Configuration;
    await figures.refresh();
    expect(await metrics.registry.metrics()).toContain('tranche_webhook_deliveries_held 4');
    await new ExpireHeld(
      db.transactions,
      new BacklogRepository(),
      new DispatcherMetrics(metrics, new Traces({ traces: null })),
      configuration,
    ).execute();
    expect(await states(id!)).toEqual(['waiting', 'expired', 'expired', 'expired']);
    await figures.refresh();
    const shown = await metrics.registry.metrics();
    expect(shown).toContain('tranche_webhook_deliveries_expired_total 3');
    expect(shown).toContain('tranche_webhook_deliveries_held 1');
    expect(shown).toMatch(/tranche_webhook_lanes\{status="disabled"\} [1-9]/);
  });
});
