import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { dataSourceOptions, openDataSource, Transactions } from '../../src/platform/database/index.js';
import { BacklogRepository } from '../../src/webhooks/deliveries/backlog.repository.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { type Received, type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver-server.js';
import { until, WHO_WAITS } from '../support/until.js';
import {
  dispatcherOn,
  type DispatcherOptions,
  registerEndpoint,
  type RunningDispatcher,
  Subject,
} from '../support/webhook-world.js';

/** Every test waits for states; on a busy machine some take seconds to come. */
let db: TestDatabase;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  // What one test leaves open is nobody's work in the next.
  await db.dataSource.query(
    `UPDATE webhook_delivery SET state = 'skipped', lease_until = NULL WHERE state IN ('waiting', 'in_flight')`,
  );
});
afterAll(() => db.close());

function dispatcherThat(options?: DispatcherOptions): RunningDispatcher {
  const running = dispatcherOn(db, options);
  closing.push(() => running.stop());
  running.dispatcher.start();
  return running;
}

async function receiverThat(options?: ReceiverOptions): Promise<Receiver> {
  const receiver = await startReceiver(options);
  closing.push(() => receiver.close());
  return receiver;
}

/** Each subject's first events, every subject's in a transaction of its own. */
async function tell(subjects: readonly Subject[], events = 1): Promise<void> {
  for (const subject of subjects) {
    await db.transactions.asEngine(async (tx) => {
      const drafts = [];
      for (let n = 0; n < events; n += 1) drafts.push(await subject.draft(tx));
      await recordEvents(tx, drafts);
    });
  }
}

interface DeliveryRow {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly due_in_s: number;
}

const deliveriesOf = (endpointId: string): Promise<DeliveryRow[]> =>
  db.dataSource.query(
    `SELECT id, state, attempts, extract(epoch FROM due_at - now())::double precision AS due_in_s
     FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY subject_id, sequence`,
    [endpointId],
  );

const attemptsOf = (endpointId: string): Promise<Record<string, unknown>[]> =>
  db.dataSource.query(
    `SELECT a.* FROM webhook_attempt a JOIN webhook_delivery d ON d.id = a.delivery_id WHERE d.endpoint_id = $1 ORDER BY a.id`,
    [endpointId],
  );

const allAre = (endpointId: string, state: string) => async (): Promise<boolean> =>
  (await deliveriesOf(endpointId)).every((row) => row.state === state);

/** The sequences of each subject in the order in which they were taken (2xx). */
function takenInOrder(received: readonly Received[], refused: ReadonlySet<Received>): Map<string, number[]> {
  const bySubject = new Map<string, number[]>();
  for (const one of received) {
    if (refused.has(one)) continue;
    const subject = String(one.event.data['subject']);
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), Number(one.event.data['sequence'])]);
  }
  return bySubject;
}

const isSorted = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));

describe('the dispatcher', () => {
  it('sends what it has claimed, once, also where nobody acknowledges the commit of its claim', async () => {
    const merchant = await testMerchant(db);
    const receiver = await receiverThat();
    const { id } = await registerEndpoint(db, merchant.id, { url: receiver.url });
    await tell([new Subject(merchant.id)]);
    const proxy = await cuttingProxy(db.url);
    const dataSource = await openDataSource(dataSourceOptions({ url: proxy.url, poolSize: 4 }));
    const running = dispatcherOn({ ...db, transactions: new Transactions(dataSource, dataSource) });
    // The first commit is that of the look for lanes that were forgotten.
    proxy.cutAfter('COMMIT', 1);
    running.dispatcher.start();
    await until(allAre(id, 'delivered'));
    expect([proxy.cuts, receiver.received.length, (await deliveriesOf(id))[0]?.attempts]).toEqual([1, 1, 1]);
    await running.stop();
    await dataSource.destroy();
    await proxy.close();
  });

  it("signs a bulk's events with the merchant's secret, a registered endpoint's with its own, and with both what is both, once", async () => {
    const merchant = await testMerchant(db);
    const [both, bulkOnly, registered] = [await receiverThat(), await receiverThat(), await receiverThat()];
    const lanes = await db.transactions.asEngine(async (tx) => {
      const endpoints = new EndpointRepository();
      return {
        both: await endpoints.laneForUrl(tx, merchant.id, both.url),
        bulkOnly: await endpoints.laneForUrl(tx, merchant.id, bulkOnly.url),
      };
    });
    const own = await registerEndpoint(db, merchant.id, { url: both.url });
    const other = await registerEndpoint(db, merchant.id, { url: registered.url, eventTypes: ['payout.scheduled'] });
    expect(own.id).toBe(lanes.both);
    for (const receiver of [both, bulkOnly, registered]) receiver.secrets.push(merchant.webhookSecret, own.secret, other.secret);

    dispatcherThat();
    await tell([
      new Subject(merchant.id, { bulkEndpointId: lanes.both }),
      new Subject(merchant.id, { bulkEndpointId: lanes.bulkOnly }),
    ]);
    await both.until((received) => received.length === 2);
    await bulkOnly.until((received) => received.length === 1);
    await registered.until((received) => received.length === 2);

    for (const { verifiedBy } of both.received) expect(verifiedBy).toEqual([merchant.webhookSecret, own.secret]);
    for (const { verifiedBy } of bulkOnly.received) expect(verifiedBy).toEqual([merchant.webhookSecret]);
    for (const { verifiedBy } of registered.received) expect(verifiedBy).toEqual([other.secret]);
    expect(new Set(both.received.map(({ id }) => id)).size).toBe(2);
    const [first] = both.received;
    expect(first?.event.data).toMatchObject({ event_id: first?.id, sequence: 1 });
  });

  it('keeps the order of each payout through random failures, and delivers all', async () => {
    const merchant = await testMerchant(db);
    const refused = new Set<Received>();
    const receiver = await receiverThat({
      answer: (received) => {
        if (Math.random() > 0.25) return { status: 200 };
        refused.add(received);
        return Math.random() < 0.5 ? { status: 500 } : { instead: 'reset' };
      },
    });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    const subjects = Array.from({ length: 25 }, () => new Subject(merchant.id));
    dispatcherThat({ webhookRetrySchedule_s: Array.from({ length: 40 }, () => 0.02) });
    // The breaker would only slow this test down.
    closing.push(keepClosed(endpoint.id));
    await tell(subjects, 3);
    await tell(subjects, 2);
    await until(allAre(endpoint.id, 'delivered'));

    const taken = takenInOrder(receiver.received, refused);
    for (const subject of subjects) {
      const sequences = taken.get(subject.id) ?? [];
      expect(isSorted(sequences)).toBe(true);
      expect([...new Set(sequences)]).toEqual([1, 2, 3, 4, 5]);
    }
    const bodies = new Map<string, string>();
    for (const { id, body } of receiver.received)
      expect(bodies.set(id, bodies.get(id) ?? body.toString()).get(id)).toBe(body.toString());
  });

  it('shares the work between two processes without doubling or disorder', async () => {
    const merchant = await testMerchant(db);
    const receiver = await receiverThat();
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    const subjects = Array.from({ length: 60 }, () => new Subject(merchant.id));
    await tell(subjects, 4);
    dispatcherThat();
    dispatcherThat();
    await until(allAre(endpoint.id, 'delivered'));
    expect(receiver.received).toHaveLength(240);
    for (const sequences of takenInOrder(receiver.received, new Set()).values()) expect(sequences).toEqual([1, 2, 3, 4]);
  });

  it('has one call out to a lane that never answered, and a dead receiver delays nobody else', async () => {
    const merchant = await testMerchant(db);
    const dead = await receiverThat({ answer: () => ({ instead: 'silence' }) });
    const healthy = await receiverThat();
    await registerEndpoint(db, merchant.id, { url: dead.url, eventTypes: ['payout.scheduled'] });
    await tell(Array.from({ length: 300 }, () => new Subject(merchant.id)));
    await registerEndpoint(db, merchant.id, { url: healthy.url });
    dispatcherThat({ webhookTimeout_s: 60 });
    dispatcherThat({ webhookTimeout_s: 60 });
    await until(() => dead.received.length === 1);
    await tell(Array.from({ length: 30 }, () => new Subject(merchant.id)));
    await healthy.until((received) => received.length === 30);
    expect(dead.received).toHaveLength(1);
    // Else the next call to it holds up the end of the dispatchers.
    dead.answer = () => ({ status: 204 });
    dead.cut();
  });

  it('gives the place of a call to another endpoint once it is given up at its deadline, and not before', async () => {
    const merchant = await testMerchant(db);
    const silent = await receiverThat({ answer: () => ({ instead: 'silence' }) });
    await registerEndpoint(db, merchant.id, { url: silent.url, eventTypes: ['payout.scheduled'] });
    const { egress } = dispatcherThat({ places: 1, webhookTimeout_s: 0.5 });
    const post = egress.post.bind(egress);
    const ended: unknown[] = [];
    jest.spyOn(egress, 'post').mockImplementation(async (request) => {
      const answer = await post(request);
      ended.push(answer);
      return answer;
    });
    // What had ended when the healthy one was called; what was given up is written down later, beside the rounds.
    let endedBefore: unknown;
    const healthy = await receiverThat({
      answer: () => {
        endedBefore = [...ended];
        return { status: 204 };
      },
    });
    await registerEndpoint(db, merchant.id, { url: healthy.url, eventTypes: ['payout.processed'] });
    await tell([new Subject(merchant.id)]);
    await until(() => silent.received.length === 1);
    await db.transactions.asEngine(async (tx) =>
      recordEvents(tx, [await new Subject(merchant.id).draft(tx, 'payout.processed')]),
    );
    await healthy.until((received) => received.length === 1);
    expect(endedBefore).toMatchObject([{ kind: 'failed', fault: 'timeout' }]);
    // What has failed has no claim to the last place.
    expect(silent.received).toHaveLength(1);
  });

  it('takes over what a dead process had in flight once its lease has ended, and drops the result of a process that was only frozen', async () => {
    const merchant = await testMerchant(db);
    let release: (() => void) | undefined;
    const receiver = await receiverThat({
      answer: async ({ times }) => {
        if (times === 1) await new Promise<void>((resolve) => (release = resolve));
        return { status: times === 1 ? 500 : 200 };
      },
    });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    await tell([new Subject(merchant.id)]);
    const frozen = dispatcherThat();
    await until(() => receiver.received.length === 1);
    await db.dataSource.query(
      `UPDATE webhook_delivery SET lease_until = now() - interval '1 second', due_at = now() - interval '1 second' WHERE endpoint_id = $1`,
      [endpoint.id],
    );
    dispatcherThat();
    await until(allAre(endpoint.id, 'delivered'));
    expect(receiver.received.map(({ id }) => id)).toEqual([receiver.received[0]?.id, receiver.received[0]?.id]);
    release?.();
    await frozen.stop();
    expect(await deliveriesOf(endpoint.id)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    expect(await attemptsOf(endpoint.id)).toMatchObject([{ number: 1, http_status: 200 }]);
    expect(await frozen.metrics.registry.getSingleMetricAsString('tranche_webhook_attempts_dropped_total')).toContain('_total 1');
  });

  it('settles what was sent also where nothing can be claimed with it, and goes on when something can', async () => {
    const merchant = await testMerchant(db);
    let answer: (() => void) | undefined;
    const receiver = await receiverThat({ answer: () => new Promise((resolve) => (answer = () => resolve({ status: 200 }))) });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    await tell([new Subject(merchant.id), new Subject(merchant.id)]);
    dispatcherThat();
    await until(() => answer !== undefined);
    await db.dataSource.query(
      `CREATE FUNCTION refuse_claim() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no claims today'; END$$;
       CREATE TRIGGER refuse_claim BEFORE UPDATE OF state ON webhook_delivery FOR EACH ROW WHEN (NEW.state = 'in_flight')
         EXECUTE FUNCTION refuse_claim()`,
    );
    answer?.();
    await until(async () => (await deliveriesOf(endpoint.id)).some(({ state }) => state === 'delivered'));
    expect(receiver.received).toHaveLength(1);
    answer = undefined;
    await db.dataSource.query('DROP FUNCTION refuse_claim CASCADE');
    await until(() => answer !== undefined);
    answer!();
    await until(allAre(endpoint.id, 'delivered'));
    expect(await deliveriesOf(endpoint.id)).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
  });

  it('waits for no lane that somebody holds: all others go on, and it is settled when it is let go', async () => {
    const merchant = await testMerchant(db);
    let answer: (() => void) | undefined;
    const receiver = await receiverThat({ answer: () => new Promise((resolve) => (answer = () => resolve({ status: 200 }))) });
    const other = await receiverThat();
    const held = await registerEndpoint(db, merchant.id, { url: receiver.url, eventTypes: ['payout.scheduled'] });
    await registerEndpoint(db, merchant.id, { url: other.url, eventTypes: ['payout.processed'] });
    await tell([new Subject(merchant.id)]);
    const options = dataSourceOptions({ url: db.url, poolSize: 4 });
    // Whoever waits in it waits for ever.
    const patience = { lock_timeout: 0, statement_timeout: 0, query_timeout: 0 };
    const dataSource = await openDataSource({ ...options, extra: { ...options.extra, ...patience } });
    const running = dispatcherOn({ ...db, transactions: new Transactions(dataSource, dataSource) });
    running.dispatcher.start();
    await until(() => answer !== undefined);
    await db.transactions.asEngine(async (tx) => {
      await new LaneRepository().lock(tx, [held.id]);
      answer?.();
      await until(async () => (await tx.query(WHO_WAITS)).length > 0);
      await db.transactions.asEngine(async (inner) =>
        recordEvents(inner, [await new Subject(merchant.id).draft(inner, 'payout.processed')]),
      );
      await other.until((received) => received.length === 1);
      expect(await deliveriesOf(held.id)).toMatchObject([{ state: 'in_flight' }]);
    });
    await until(allAre(held.id, 'delivered'));
    await running.stop();
    await dataSource.destroy();
  });

  it('settles what is out before it stops', async () => {
    const merchant = await testMerchant(db);
    let answer: (() => void) | undefined;
    const receiver = await receiverThat({ answer: () => new Promise((resolve) => (answer = () => resolve({ status: 200 }))) });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    await tell([new Subject(merchant.id)]);
    const running = dispatcherThat();
    await until(() => answer !== undefined);
    const stopped = running.stop();
    answer?.();
    await stopped;
    expect(await deliveriesOf(endpoint.id)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  });
});

describe('failures', () => {
  it('are retried by the schedule, then exhausted, and then the next event of the payout goes', async () => {
    const merchant = await testMerchant(db);
    const receiver = await receiverThat({
      answer: ({ event }) => ({ status: event.data['sequence'] === 1 ? 500 : 200, body: 'no room' }),
    });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    const running = dispatcherThat({ webhookRetrySchedule_s: [0.02, 0.02] });
    await tell([new Subject(merchant.id)], 2);
    await until(async () => (await deliveriesOf(endpoint.id))[1]?.state === 'delivered');
    await running.stop();
    const counted = await running.metrics.registry.metrics();
    for (const figure of [
      'attempts_total{outcome="retry",fault="http_status"} 2',
      'attempts_total{outcome="exhausted",fault="http_status"} 1',
      'attempts_total{outcome="delivered",fault="none"} 1',
      'event_to_delivered_seconds_count 1',
      'in_flight 0',
    ])
      expect(counted).toContain(`tranche_webhook_${figure}\n`);
    expect(await deliveriesOf(endpoint.id)).toMatchObject([
      { state: 'exhausted', attempts: 3 },
      { state: 'delivered', attempts: 1 },
    ]);
    expect(receiver.received.map(({ event }) => event.data['sequence'])).toEqual([1, 1, 1, 2]);
    const attempts = await attemptsOf(endpoint.id);
    expect(attempts.map(({ number, http_status, error_class }) => [number, http_status, error_class])).toEqual([
      [1, 500, 'http_status'],
      [2, 500, 'http_status'],
      [3, 500, 'http_status'],
      [1, 200, null],
    ]);
    expect(attempts[0]).toMatchObject({ snippet: 'no room', address: '127.0.0.1' });
    expect(attempts.map(({ next_attempt_at }) => next_attempt_at !== null)).toEqual([true, true, false, false]);
    expect(JSON.stringify(attempts)).not.toMatch(/whsec_|v1,/);
  });

  it('wait as long as Retry-After asks, and keep only their own payout waiting', async () => {
    const merchant = await testMerchant(db);
    const receiver = await receiverThat({
      answer: ({ event }) => (event.data['subject'] === slow.id ? { status: 429, headers: { 'retry-after': '600' } } : {}),
    });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    const [slow, other] = [new Subject(merchant.id), new Subject(merchant.id)];
    dispatcherThat();
    await tell([slow, other], 3);
    await until(async () => (await deliveriesOf(endpoint.id)).filter(({ state }) => state === 'delivered').length === 3);
    await until(async () =>
      (await deliveriesOf(endpoint.id)).some(({ attempts, state }) => attempts === 1 && state === 'waiting'),
    );
    const waiting = (await deliveriesOf(endpoint.id)).filter(({ state }) => state === 'waiting');
    expect(waiting.map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    for (const { due_in_s } of waiting) expect(due_in_s).toBeGreaterThan(590);
  });

  it('of 410 disable the endpoint, hold what is open, and tell the other endpoints', async () => {
    const merchant = await testMerchant(db);
    const gone = await receiverThat({ answer: () => ({ status: 410 }) });
    const other = await receiverThat();
    const endpoint = await registerEndpoint(db, merchant.id, { url: gone.url });
    await registerEndpoint(db, merchant.id, { url: other.url, eventTypes: ['webhook_endpoint.disabled'] });
    dispatcherThat();
    await tell([new Subject(merchant.id), new Subject(merchant.id)], 2);
    await other.until((received) => received.length === 1);
    await until(allAre(endpoint.id, 'waiting'));
    expect(other.received[0]?.event).toMatchObject({
      type: 'webhook_endpoint.disabled',
      data: { url: gone.url, status: 'disabled', reason: 'gone' },
    });
    await tell([new Subject(merchant.id)]);
    expect((await deliveriesOf(endpoint.id)).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'waiting'));

    gone.answer = () => ({ status: 200 });
    await db.transactions.asEngine(async (tx) => {
      await new EndpointRepository().writeStatus(tx, endpoint.id, { status: 'active', reason: null });
      await new BacklogRepository().release(tx, endpoint.id, new Date(0));
    });
    await until(allAre(endpoint.id, 'delivered'));
    // Each was refused once at most before, and comes in its order now.
    const after = gone.received.slice(-5);
    for (const sequences of takenInOrder(after, new Set()).values()) expect(isSorted(sequences)).toBe(true);
  });

  it('of five in a row pause the lane, which then burns no attempts but a probe', async () => {
    const merchant = await testMerchant(db);
    const receiver = await receiverThat({ answer: () => ({ status: 503 }) });
    const endpoint = await registerEndpoint(db, merchant.id, { url: receiver.url });
    dispatcherThat();
    await tell(Array.from({ length: 40 }, () => new Subject(merchant.id)));
    const lane = async (): Promise<Record<string, unknown>> =>
      (
        await db.dataSource.query<Record<string, unknown>[]>(
          `SELECT status, failure_streak, pause_count FROM webhook_endpoint WHERE id = $1`,
          [endpoint.id],
        )
      )[0]!;
    await until(
      async () =>
        (await lane())['status'] === 'paused' && !(await deliveriesOf(endpoint.id)).some(({ state }) => state === 'in_flight'),
    );
    const before = receiver.received.length;
    expect(before).toBeLessThanOrEqual(16);

    const endPause = (): Promise<unknown> =>
      db.dataSource.query(`UPDATE webhook_endpoint SET paused_until = now(), ready_at = now() WHERE id = $1`, [endpoint.id]);
    await endPause();
    await until(async () => (await lane())['pause_count'] === 2);
    expect(receiver.received).toHaveLength(before + 1);
    receiver.answer = () => ({ status: 200 });
    await endPause();
    await until(allAre(endpoint.id, 'delivered'));
    expect(await lane()).toEqual({ status: 'active', failure_streak: 0, pause_count: 0 });
  });
});

describe('lanes', () => {
  it('are one for a URL of a merchant, however many bulks name it at once', async () => {
    const [merchant, other] = [await testMerchant(db), await testMerchant(db)];
    const endpoints = new EndpointRepository();
    const lane = (merchantId: string): Promise<string> =>
      db.transactions.asEngine((tx) => endpoints.laneForUrl(tx, merchantId, 'https://merchant.example/hooks'));
    const ids = await Promise.all(Array.from({ length: 20 }, () => lane(merchant.id)));
    expect(new Set(ids).size).toBe(1);
    expect(await lane(other.id)).not.toBe(ids[0]);
  });
});

/** Keeps a lane's breaker closed until the function it gives is called. */
function keepClosed(endpointId: string): () => Promise<void> {
  const run = { ended: false };
  const running = until(async () => {
    await db.dataSource.query(
      `UPDATE webhook_endpoint SET status = 'active', paused_until = NULL, failure_streak = 0, ready_at = now() WHERE id = $1 AND status = 'paused'`,
      [endpointId],
    );
    return run.ended;
  });
  return async () => {
    run.ended = true;
    await running;
  };
}
