import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Configuration } from '../../src/platform/config/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { BacklogRepository } from '../../src/webhooks/deliveries/backlog.repository.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import { DeliveryRepository } from '../../src/webhooks/deliveries/delivery.repository.js';
import type { Verdict } from '../../src/webhooks/deliveries/judge-answer.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import { SettleDeliveries } from '../../src/webhooks/deliveries/settle-deliveries.js';
import { DisableEndpoint } from '../../src/webhooks/endpoints/disable-endpoint.js';
import { EnableEndpoint } from '../../src/webhooks/endpoints/enable-endpoint.js';
import { EndpointNotices } from '../../src/webhooks/endpoints/endpoint-notices.js';
import { EndpointQueries } from '../../src/webhooks/endpoints/endpoint.queries.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { injectTime } from '../support/webhook-clock.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

const HOUR_S = 3_600;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  await injectTime(db.dataSource, {});
  // One test's lanes are nobody's work in the next.
  await db.dataSource.query(`UPDATE webhook_endpoint SET status = 'disabled', paused_until = NULL`);
});
afterAll(() => db.close());

const [lanes, deliveries] = [new LaneRepository(), new DeliveryRepository()];
const claims = new ClaimDeliveries(lanes, deliveries, { lease_s: 60 } as Configuration);
const settle = new SettleDeliveries(deliveries, lanes, new EndpointNotices(new EndpointRepository()));

const FAILED: Verdict = { kind: 'retry', fault: 'http_status', delay_s: 0 };
const TAKEN: Verdict = { kind: 'delivered' };

/** An endpoint that is told of payouts, of which so many events wait, and another of the merchant that is told of endpoints. */
async function endpoints(waiting = 1): Promise<{ merchantId: string; id: string; beside: string }> {
  const { id: merchantId } = await testMerchant(db);
  const types = ['webhook_endpoint.failing', 'webhook_endpoint.disabled', 'webhook_endpoint.recovered'];
  const [{ id }, { id: beside }] = [
    await registerEndpoint(db, merchantId, { url: 'https://merchant.example/hooks', eventTypes: ['payout.scheduled', ...types] }),
    await registerEndpoint(db, merchantId, { url: 'https://merchant.example/beside', eventTypes: types }),
  ];
  await db.transactions.asEngine(async (tx) => {
    for (let n = 0; n < waiting; n += 1) await recordEvents(tx, [await new Subject(merchantId).draft(tx)]);
  });
  return { merchantId, id, beside };
}

/** One attempt of what is due at the endpoint, so many hours from now. */
async function attempt(endpointId: string, verdict: Verdict, after_h: number): Promise<void> {
  await injectTime(db.dataSource, { ahead_s: after_h * HOUR_S });
  // One at a time, however well it did before.
  await db.dataSource.query(`UPDATE webhook_endpoint SET calls_max = 1 WHERE id = $1`, [endpointId]);
  const claimed = await db.transactions.asEngine((tx) => claims.execute(tx, new Places()));
  const answer = { kind: 'answered', status: 500, retryAfter: null, snippet: '', address: '192.0.2.1' } as const;
  const ended = claimed.map((delivery) => ({ delivery, answer, claimed_ms: 0, started_ms: 0, ended_ms: 0 }));
  const mine = ended.filter(({ delivery }) => delivery.endpoint_id === endpointId).map((one) => ({ ...one, verdict }));
  expect(mine).toHaveLength(1);
  const others = ended.filter(({ delivery }) => delivery.endpoint_id !== endpointId);
  await db.transactions.asEngine((tx) => settle.execute(tx, [...mine, ...others.map((one) => ({ ...one, verdict: TAKEN }))]));
}

const standing = async (id: string) =>
  (
    await db.dataSource.query<{ status: string; reason: string | null }[]>(
      `SELECT status, reason FROM webhook_endpoint WHERE id = $1`,
      [id],
    )
  )[0];

/** What was told of an endpoint, and to whom. */
const notices = (id: string): Promise<unknown[]> =>
  db.dataSource.query(
    `SELECT v.type, d.endpoint_id AS to, convert_from(v.body, 'UTF8')::jsonb #>> '{data,reason}' AS reason
     FROM event v JOIN webhook_delivery d ON d.event_id = v.id WHERE v.subject_id = $1 ORDER BY v.sequence`,
    [id],
  );

describe('an endpoint that takes nothing', () => {
  it.each([
    { quiet_h: 0, every_h: 4, attempts: 31, why: 'five days have passed' },
    { quiet_h: 0, every_h: 8, attempts: 20, why: 'it has failed twenty times' },
    { quiet_h: 6 * 24, every_h: 1, attempts: 25, why: 'it has failed for a day' },
  ])('is disabled once $why, and what it missed is held; the others are told', async ({ quiet_h, every_h, attempts }) => {
    const { id, beside } = await endpoints();
    for (let made = 0; made < attempts; made += 1) {
      expect([made, (await standing(id))?.status]).toEqual([made, made < 5 ? 'active' : 'paused']);
      await attempt(id, FAILED, quiet_h + made * every_h);
    }
    expect(await standing(id)).toEqual({ status: 'disabled', reason: 'failing' });
    expect(await notices(id)).toEqual([
      { type: 'webhook_endpoint.failing', to: beside, reason: 'failing' },
      { type: 'webhook_endpoint.disabled', to: beside, reason: 'failing' },
    ]);
    expect(await db.dataSource.query(`SELECT state, attempts FROM webhook_delivery WHERE endpoint_id = $1`, [id])).toEqual([
      { state: 'waiting', attempts },
    ]);
  });

  it('and then takes something is active again, and the others are told', async () => {
    const { id, beside } = await endpoints();
    for (let made = 0; made < 5; made += 1) await attempt(id, FAILED, 0);
    await attempt(id, TAKEN, 1);
    expect(await standing(id)).toEqual({ status: 'active', reason: null });
    expect(await notices(id)).toEqual([
      { type: 'webhook_endpoint.failing', to: beside, reason: 'failing' },
      { type: 'webhook_endpoint.recovered', to: beside, reason: null },
    ]);
  });
});

describe('an endpoint that takes three of ten', () => {
  it.each([
    { every_s: 20, status: 'paused', when: 'within five minutes' },
    { every_s: 40, status: 'active', when: 'over a longer time' },
  ])('is $status where that is $when', async ({ every_s, status }) => {
    const { id } = await endpoints(4);
    const said = [FAILED, FAILED, FAILED, TAKEN, FAILED, FAILED, FAILED, TAKEN, FAILED, TAKEN];
    for (const [made, verdict] of said.entries()) await attempt(id, verdict, (made * every_s) / HOUR_S);
    expect((await standing(id))?.status).toBe(status);
  });
});

describe('an endpoint that somebody disables and enables', () => {
  const repository = new EndpointRepository();
  const notify = new EndpointNotices(repository);
  const [disable, enable] = [
    new DisableEndpoint(repository, notify),
    new EnableEndpoint(repository, new BacklogRepository(), notify),
  ];

  it('is told of to the others, both times', async () => {
    const { merchantId, id: endpointId, beside } = await endpoints();
    const command = { merchantId, endpointId };
    await db.transactions.asEngine((tx) => disable.execute(tx, command));
    expect(await standing(endpointId)).toEqual({ status: 'disabled', reason: 'by_hand' });
    await db.transactions.asEngine((tx) => enable.execute(tx, { ...command, backlog: { kind: 'all' } }));
    expect(await standing(endpointId)).toEqual({ status: 'active', reason: null });
    expect(await notices(endpointId)).toEqual([
      { type: 'webhook_endpoint.disabled', to: beside, reason: 'by_hand' },
      { type: 'webhook_endpoint.recovered', to: beside, reason: null },
    ]);
  });

  it('is told of no earlier instant where the clock has gone back in between, and shows none', async () => {
    const { merchantId, id: endpointId } = await endpoints();
    const command = { merchantId, endpointId };
    await injectTime(db.dataSource, { ahead_s: HOUR_S });
    await db.transactions.asEngine((tx) => disable.execute(tx, command));
    await injectTime(db.dataSource, {});
    await db.transactions.asEngine((tx) => enable.execute(tx, { ...command, backlog: { kind: 'all' } }));
    for (let made = 0; made < 5; made += 1) await attempt(endpointId, FAILED, 0);
    const told = await db.dataSource.query<{ type: string; at: Date }[]>(
      `SELECT type, occurred_at AS at FROM event WHERE subject_id = $1 ORDER BY sequence`,
      [endpointId],
    );
    const [first] = told;
    expect(told).toEqual(
      ['disabled', 'recovered', 'failing'].map((what) => ({ type: `webhook_endpoint.${what}`, at: first?.at })),
    );
    const shown = await db.dataSource.query<unknown[]>(`SELECT since, updated_at FROM webhook_endpoint WHERE id = $1`, [
      endpointId,
    ]);
    expect(shown).toEqual([{ since: first?.at, updated_at: first?.at }]);
  });
});

/** So many deliveries, each of which took a step longer than the one before, all at an end this long ago. */
interface Delivered {
  readonly count: number;
  readonly step: string;
  readonly ago: string;
  readonly attemptsBefore?: number;
}

describe('how long events take to an endpoint', () => {
  const delivered = (id: string, { count, step, ago, attemptsBefore = 0 }: Delivered): Promise<unknown> =>
    db.dataSource.query(
      `INSERT INTO webhook_delivery (id, merchant_id, endpoint_id, event_id, subject_id, sequence, state, delivered_at, created_at, attempts_before)
       SELECT tranche_uuid(), e.merchant_id, e.id, gen_random_uuid(), gen_random_uuid(), 1, 'delivered', now() - $3::interval,
         now() - $3::interval - n * $2::interval, $5
       FROM webhook_endpoint e, generate_series(1, $4::integer) n WHERE e.id = $1`,
      [id, step, ago, count, attemptsBefore],
    );
  const latency = async (id: string) => {
    const { measured, p50_ms, p99_ms } = await db.transactions.asEngine((tx) => new EndpointQueries().health(tx, id));
    return { measured, p50_ms, p99_ms };
  };
  const endpoint = async (): Promise<string> =>
    (await registerEndpoint(db, (await testMerchant(db)).id, { url: `https://merchant.example/${newUuid()}` })).id;

  it('is told of the last day, without what was sent again by hand', async () => {
    const id = await endpoint();
    await delivered(id, { count: 100, step: '10 ms', ago: '1 hour' });
    await delivered(id, { count: 50, step: '1 hour', ago: '25 hours' });
    await delivered(id, { count: 50, step: '1 hour', ago: '1 minute', attemptsBefore: 1 });
    expect(await latency(id)).toEqual({ measured: 100, p50_ms: 505, p99_ms: 990 });
  });

  it('is told of the newest thousand', async () => {
    const id = await endpoint();
    await delivered(id, { count: 200, step: '1 minute', ago: '2 hours' });
    await delivered(id, { count: 1_000, step: '2 ms', ago: '1 hour' });
    expect(await latency(id)).toEqual({ measured: 1_000, p50_ms: 1_001, p99_ms: 1_980 });
  });
});
