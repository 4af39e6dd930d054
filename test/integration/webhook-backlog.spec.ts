import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEngine } from '../../src/doctor/judge-engine.js';
import type { Configuration } from '../../src/platform/config/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { Metrics, Traces } from '../../src/platform/observability/index.js';
import { BacklogRepository } from '../../src/webhooks/deliveries/backlog.repository.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import { type DeliveryFilter, DeliveryQueries, type DeliveryView } from '../../src/webhooks/deliveries/delivery.queries.js';
import { type ClaimedDelivery, DeliveryRepository } from '../../src/webhooks/deliveries/delivery.repository.js';
import { DispatcherMetrics } from '../../src/webhooks/deliveries/dispatcher-metrics.js';
import { ExpireHeld } from '../../src/webhooks/deliveries/expire-held.js';
import { LaneFigures } from '../../src/webhooks/deliveries/lane-figures.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import { WorkOffBacklog } from '../../src/webhooks/deliveries/work-off-backlog.js';
import { DeleteEndpoint } from '../../src/webhooks/endpoints/delete-endpoint.js';
import { DisableEndpoint } from '../../src/webhooks/endpoints/disable-endpoint.js';
import { type Backlog, EnableEndpoint } from '../../src/webhooks/endpoints/enable-endpoint.js';
import { EndpointNotices } from '../../src/webhooks/endpoints/endpoint-notices.js';
import { EndpointQueries, toEndpointResponse } from '../../src/webhooks/endpoints/endpoint.queries.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

/** Thousands of rows take seconds on a busy machine. */
/** What no statement may write more of, and backlogs of more than that. */
const SLICE = 2_000;
const BACKLOG = 3 * SLICE + 1;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await db.dataSource.query(`
    CREATE TABLE statement_written (rows integer NOT NULL);
    GRANT INSERT ON statement_written TO tranche_api, tranche_worker;
    CREATE FUNCTION count_written() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO statement_written SELECT count(*) FROM written; RETURN NULL; END';
    CREATE TRIGGER count_written AFTER UPDATE ON webhook_delivery REFERENCING NEW TABLE AS written
      FOR EACH STATEMENT EXECUTE FUNCTION count_written()`);
});
afterAll(() => db.close());

const backlogs = new BacklogRepository();
const endpoints = new EndpointRepository();
const notices = new EndpointNotices(endpoints);
const claims = new ClaimDeliveries(new LaneRepository(), new DeliveryRepository(), { lease_s: 60 } as Configuration);
const workOff = new WorkOffBacklog(backlogs);
const deliveries = new DeliveryQueries();
const queries = new EndpointQueries();

/** How many deliveries each statement of the work has written, but those that wrote none. */
async function written(work: () => Promise<unknown>): Promise<number[]> {
  await db.dataSource.query('TRUNCATE statement_written');
  await work();
  const rows = await db.dataSource.query<{ rows: number }[]>('SELECT rows FROM statement_written WHERE rows > 0');
  return rows.map((row) => row.rows);
}

const workOffAll = async (): Promise<void> => {
  while (await db.transactions.asEngine((tx) => workOff.execute(tx)));
};

const metrics = new Metrics();
let figures: LaneFigures | null = null;

/** What the figures of the lanes, and the doctor, take to wait for nothing but to be sent. */
async function late(): Promise<{ waiting: number; isOld: boolean; isOldForTheDoctor: boolean }> {
  figures ??= new LaneFigures(db.transactions, metrics);
  await figures.refresh();
  const valueOf = async (name: string): Promise<number> =>
    (await metrics.registry.getSingleMetric(`tranche_webhook_deliveries_${name}`)?.get())?.values[0]?.value ?? Number.NaN;
  const { oldest_delivery_s } = await db.transactions.asEngine(readEngine);
  return {
    waiting: await valueOf('waiting'),
    isOld: (await valueOf('oldest_seconds')) > 0,
    isOldForTheDoctor: oldest_delivery_s > 0,
  };
}

class Lane {
  private constructor(
    readonly merchantId: string,
    readonly id: string,
  ) {}

  static async open(): Promise<Lane> {
    // Other lanes are nobody's work here.
    await db.dataSource.query(`UPDATE webhook_endpoint SET status = 'disabled', paused_until = NULL`);
    const { id } = await testMerchant(db);
    return new Lane(id, (await registerEndpoint(db, id, { url: `https://merchant.example/${newUuid()}` })).id);
  }

  /** So many deliveries of payouts of their own, the first queued this long ago and each a moment after the one before. */
  fill(count: number, since = '1 hour'): Promise<unknown> {
    return db.dataSource.query(
      `WITH told AS (
         INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, occurred_at, body)
         SELECT gen_random_uuid(), $1, 1, 'payout.scheduled', gen_random_uuid(), 1, now() - $4::interval + n * interval '1 microsecond', ''
         FROM generate_series(1, $3::integer) n RETURNING id, subject_id, occurred_at)
       INSERT INTO webhook_delivery (id, merchant_id, endpoint_id, event_id, subject_id, sequence, state, queued_at, due_at)
       SELECT tranche_uuid(), $1, $2, id, subject_id, 1, 'waiting', occurred_at, occurred_at FROM told`,
      [this.merchantId, this.id, count, since],
    );
  }

  /** What was queued has failed once or more, and is tried again tomorrow. */
  putOff(): Promise<unknown> {
    return db.dataSource.query(
      `UPDATE webhook_delivery SET due_at = now() + interval '1 day', attempts = 7 WHERE endpoint_id = $1 AND state = 'waiting'`,
      [this.id],
    );
  }

  disable(): Promise<void> {
    return db.transactions.asEngine((tx) => new DisableEndpoint(endpoints, notices).execute(tx, this.ids));
  }

  enable(backlog: Backlog): Promise<void> {
    return db.transactions.asEngine((tx) =>
      new EnableEndpoint(endpoints, backlogs, notices).execute(tx, { ...this.ids, backlog }),
    );
  }

  delete(): Promise<void> {
    return db.transactions.asEngine((tx) => new DeleteEndpoint(endpoints).execute(tx, this.ids));
  }

  tell(subject: Subject): Promise<void> {
    return db.transactions.asEngine(async (tx) => recordEvents(tx, [await subject.draft(tx)]));
  }

  claim(): Promise<ClaimedDelivery[]> {
    return db.transactions.asEngine((tx) => claims.execute(tx, new Places()));
  }

  /** The newest 1000, as everybody is shown them. */
  async list(status: string | null = null): Promise<readonly DeliveryView[]> {
    const filter: DeliveryFilter = {
      ...{ merchantId: this.merchantId, endpointId: this.id, bulkId: null, payoutId: null, status, type: null },
      ...{ resendId: null, createdAfter: null, createdBefore: null },
    };
    return (await db.transactions.asEngine((tx) => deliveries.list(tx, filter, { limit: 1000 }))).rows;
  }

  /** How many of each status, by the list of all; the list of each status says the same. */
  async shown(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const listed = await this.list();
    for (const { status, next_attempt_at } of listed) {
      expect([status, next_attempt_at !== null]).toEqual([status, status === 'waiting']);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    for (const [wanted, count] of Object.entries(counts)) {
      const ofStatus = await this.list(wanted);
      expect(ofStatus.slice(0, count)).toEqual(listed.filter(({ status }) => status === wanted));
      expect(ofStatus.filter(({ status }) => status !== wanted)).toEqual([]);
    }
    return counts;
  }

  /** As they are kept. */
  async states(): Promise<Record<string, number>> {
    const rows = await db.dataSource.query<{ state: string; count: number }[]>(
      `SELECT state, count(*)::integer AS count FROM webhook_delivery WHERE endpoint_id = $1 GROUP BY state`,
      [this.id],
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  async isWorkedOff(): Promise<boolean> {
    const rows = await db.dataSource.query<unknown[]>(`SELECT FROM webhook_endpoint WHERE id = $1 AND backlog_from IS NULL`, [
      this.id,
    ]);
    return rows.length === 1;
  }

  view() {
    return db.transactions.asEngine(async (tx) => {
      const endpoint = await queries.find(tx, this.merchantId, this.id);
      const { held, held_has_more } = toEndpointResponse(endpoint!);
      return { held, held_has_more, oldest_waiting_at: (await queries.health(tx, this.id)).oldest_waiting_at };
    });
  }

  private get ids(): { merchantId: string; endpointId: string } {
    return { merchantId: this.merchantId, endpointId: this.id };
  }
}

describe('a backlog', () => {
  it('is held and let go without a delivery being written, and then goes on where it stopped', async () => {
    const lane = await Lane.open();
    const subject = new Subject(lane.merchantId);
    for (const _ of [1, 2]) await lane.tell(subject);
    expect(await written(() => lane.disable())).toEqual([]);
    expect(await lane.shown()).toEqual({ held: 2 });
    expect(await lane.claim()).toEqual([]);
    expect(await written(async () => (await lane.enable({ kind: 'all' }), workOffAll()))).toEqual([]);
    expect(await lane.isWorkedOff()).toBe(true);
    expect(await lane.shown()).toEqual({ waiting: 2 });
    expect(await lane.claim()).toMatchObject([{ endpoint_id: lane.id }]);
  });

  it('that is dropped is so at once for whoever looks, holds nobody up, and is closed in slices', async () => {
    const lane = await Lane.open();
    const subject = new Subject(lane.merchantId);
    await lane.tell(subject);
    await lane.fill(BACKLOG - 1);
    await lane.disable();
    expect(await written(() => lane.enable({ kind: 'drop' }))).toEqual([]);
    expect(await lane.shown()).toEqual({ skipped: 1000 });
    expect(await lane.view()).toEqual({ held: 0, held_has_more: false, oldest_waiting_at: null });
    expect(await lane.claim()).toEqual([]);
    await lane.tell(subject);
    const claimed = await lane.claim();
    expect(claimed).toHaveLength(1);
    expect(await lane.states()).toEqual({ waiting: BACKLOG, in_flight: 1 });

    // Disabled and enabled with everything meanwhile: what was dropped stays so.
    await lane.disable();
    await lane.enable({ kind: 'all' });
    expect((await written(workOffAll)).sort()).toEqual([1, SLICE, SLICE, SLICE]);
    expect(await lane.states()).toEqual({ skipped: BACKLOG, in_flight: 1 });
    expect(await lane.isWorkedOff()).toBe(true);
  });

  it('is late for nobody while it is held, nor once it is dropped', async () => {
    const lane = await Lane.open();
    await lane.fill(10);
    expect(await late()).toEqual({ waiting: 10, isOld: true, isOldForTheDoctor: true });
    await lane.disable();
    expect(await late()).toEqual({ waiting: 0, isOld: false, isOldForTheDoctor: false });
    await lane.enable({ kind: 'drop' });
    expect(await late()).toEqual({ waiting: 0, isOld: false, isOldForTheDoctor: false });
    await workOffAll();
  });

  it('is dropped up to an instant: what was queued before, put off or not, and nothing after it', async () => {
    const lane = await Lane.open();
    await lane.fill(SLICE, '3 hours');
    await lane.putOff();
    await lane.fill(SLICE, '2 hours');
    await lane.fill(5, '10 minutes');
    await lane.disable();
    await lane.enable({ kind: 'from', from: new Date(Date.now() - 3_600_000) });
    expect(await lane.shown()).toEqual({ waiting: 5, skipped: 995 });
    expect(await written(workOffAll)).toEqual([SLICE, SLICE]);
    expect(await lane.states()).toEqual({ waiting: 5, skipped: 2 * SLICE });
  });

  it('is dropped also where somebody had it while the rest was worked off', async () => {
    const lane = await Lane.open();
    await lane.fill(2);
    await lane.putOff();
    await lane.disable();
    await lane.enable({ kind: 'drop' });
    await db.transactions.asEngine(async (tx) => {
      await tx.query(`SELECT FROM webhook_delivery WHERE endpoint_id = $1 LIMIT 1 FOR UPDATE`, [lane.id]);
      await workOffAll();
      expect(await lane.states()).toEqual({ waiting: 1, skipped: 1 });
    });
    await workOffAll();
    expect(await lane.states()).toEqual({ skipped: 2 });
    expect(await lane.isWorkedOff()).toBe(true);
  });

  it('that was put off is due again once its endpoint is enabled, with a fresh schedule, at its old place in the order', async () => {
    const lane = await Lane.open();
    await lane.fill(SLICE + 1);
    await lane.putOff();
    await lane.disable();
    await lane.enable({ kind: 'all' });
    expect((await written(workOffAll)).sort()).toEqual([1, SLICE]);
    const [later] = await db.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::integer AS count FROM webhook_delivery WHERE endpoint_id = $1 AND (due_at <> queued_at OR attempts_before <> 7)`,
      [lane.id],
    );
    expect(later?.count).toBe(0);
  });

  it('is closed in slices when its endpoint is deleted, with what a call that was out, or a late writer, leaves open', async () => {
    const lane = await Lane.open();
    await lane.tell(new Subject(lane.merchantId));
    const [out] = await lane.claim();
    await lane.fill(SLICE + 1);
    expect(await written(() => lane.delete())).toEqual([]);
    expect(await lane.shown()).toEqual({ skipped: 1000 });
    expect((await written(workOffAll)).sort()).toEqual([1, SLICE]);
    expect(await lane.isWorkedOff()).toBe(false);
    await db.dataSource.query(
      `UPDATE webhook_delivery SET state = 'waiting', lease_until = NULL, due_at = now() + interval '1 hour' WHERE id = $1`,
      [out!.id],
    );
    expect(await lane.shown()).toEqual({ skipped: 1000 });
    await workOffAll();
    expect([await lane.states(), await lane.isWorkedOff()]).toEqual([{ skipped: SLICE + 2 }, false]);
    await db.dataSource.query(`UPDATE webhook_endpoint SET deleted_at = deleted_at - interval '1 hour' WHERE id = $1`, [lane.id]);
    await workOffAll();
    expect(await lane.isWorkedOff()).toBe(true);
  });

  it('holds nothing of who wrote for an endpoint before it was deleted and commits after', async () => {
    const lane = await Lane.open();
    await db.transactions.asEngine(async (tx) => {
      await recordEvents(tx, [await new Subject(lane.merchantId).draft(tx)]);
      await lane.delete();
      await workOffAll();
    });
    expect(await lane.states()).toEqual({ waiting: 1 });
    await workOffAll();
    expect(await lane.states()).toEqual({ skipped: 1 });
  });

  it('expires in slices, and not where its endpoint is enabled', async () => {
    const lane = await Lane.open();
    await lane.fill(SLICE + 1, '31 days');
    await lane.fill(3, '29 days');
    const configuration = { webhookHeld_days: 30 } as Configuration;
    const expire = new ExpireHeld(
      db.transactions,
      backlogs,
      new DispatcherMetrics(new Metrics(), new Traces({ traces: null })),
      configuration,
    );
    expect(await written(() => expire.execute())).toEqual([]);
    await lane.disable();
    expect((await written(() => expire.execute())).sort()).toEqual([1, SLICE]);
    expect(await lane.states()).toEqual({ waiting: 3, expired: SLICE + 1 });
  });

  it('is tried again no sooner than its endpoint’s pause ends', async () => {
    const lane = await Lane.open();
    await lane.tell(new Subject(lane.merchantId));
    await db.dataSource.query(
      `UPDATE webhook_endpoint SET status = 'paused', reason = 'failing', paused_until = '2100-01-01T00:00:00Z' WHERE id = $1`,
      [lane.id],
    );
    const [delivery] = await lane.list();
    expect(delivery?.next_attempt_at).toEqual(new Date('2100-01-01T00:00:00Z'));
  });

  it('is counted up to ten thousand, and its oldest is found wherever it stands', async () => {
    const lane = await Lane.open();
    await lane.fill(1, '5 hours');
    await lane.putOff();
    await lane.fill(9_999);
    await lane.disable();
    expect(await lane.view()).toMatchObject({ held: 10_000, held_has_more: false });
    await lane.fill(2);
    const { held, held_has_more, oldest_waiting_at } = await lane.view();
    expect([held, held_has_more]).toEqual([10_000, true]);
    const [oldest] = await db.dataSource.query<{ at: Date }[]>(
      `SELECT min(queued_at) AS at FROM webhook_delivery WHERE endpoint_id = $1`,
      [lane.id],
    );
    expect(oldest_waiting_at).toEqual(oldest?.at);
  });
});

describe('what is open of a bulk', () => {
  it('goes along to its new URL, once where that gets it anyway, and without what was dropped', async () => {
    const lane = await Lane.open();
    const [old, fresh] = await db.transactions.asEngine(async (tx) => [
      await endpoints.laneForUrl(tx, lane.merchantId, 'https://merchant.example/old'),
      await endpoints.laneForUrl(tx, lane.merchantId, 'https://merchant.example/fresh'),
    ]);
    const bulkId = newUuid();
    const subject = new Subject(lane.merchantId, { bulkId, bulkEndpointId: old });
    const move = (from: string, to: string) => db.transactions.asEngine((tx) => backlogs.moveBulk(tx, { bulkId, from, to }));
    const open = async (id: string): Promise<number> =>
      Number(
        (
          await db.dataSource.query<{ open: string }[]>(
            `SELECT count(*) AS open FROM webhook_delivery WHERE endpoint_id = $1 AND state IN ('waiting', 'in_flight')`,
            [id],
          )
        )[0]?.open,
      );
    await lane.tell(subject);
    await db.transactions.asEngine((tx) => backlogs.release(tx, old, null));
    await lane.tell(subject);
    await move(old, fresh);
    expect([await open(old), await open(fresh), await open(lane.id)]).toEqual([1, 1, 2]);
    await move(fresh, lane.id);
    expect([await open(fresh), await open(lane.id)]).toEqual([0, 2]);
  });
});
