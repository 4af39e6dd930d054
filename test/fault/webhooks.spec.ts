import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import type { ResendDto } from '../../src/webhooks/resends/resend-response.dto.js';
import { Random } from '../simulation/random.js';
import { ApiClient } from '../support/api-client.js';
import { testDatabase, type TestDatabase } from '../support/index.js';
import { validItems } from '../support/items.js';
import type { Bulk } from '../support/merchant-client.js';
import { type Received, type Receiver, startReceiver } from '../support/receiver-server.js';
import { until } from '../support/until.js';
import { injectTime } from '../support/webhook-clock.js';
import { type ClusterMember, OPERATOR_KEY, startCluster } from './cluster.js';

/** Created, judged, scheduled, being processed, processed, succeeded: with the bulk's own, a little more than four thousand events. */
const PAYOUTS = 667;
const KILLS = 20;
const FAILURE_SHARE = 0.3;
const SEED = 20_261_121;
/** Leases and pauses of half a minute, which every kill and every bad streak costs, last three seconds of ours. So no signature is fresh here. */
const FASTER = 10;

let db: TestDatabase;
let receiver: Receiver;
let api: ClusterMember;
let workers: ClusterMember[];
const random = new Random(SEED);
let fails = (): boolean => random.chance(FAILURE_SHARE);
let slow_ms = 50;
const refused = new Set<Received>();

beforeAll(async () => {
  db = await testDatabase();
  receiver = await startReceiver({
    answer: async (received) => {
      const refuses = fails();
      if (refuses) refused.add(received);
      await new Promise((resolve) => setTimeout(resolve, slow_ms));
      return refuses ? { status: 503 } : { status: 204 };
    },
  });
  const [first, ...others] = startCluster(
    db.url,
    ['api', 'worker', 'worker', 'worker'].map((role) => ({ ROLES: role })),
  );
  [api, workers] = [first!, others];
  await Promise.all([api, ...workers].map(({ url }) => url));
});
afterAll(async () => {
  await Promise.all([api, ...workers].map((one) => one.end()));
  await receiver.close();
  await db.close();
});

const open = async (): Promise<number> =>
  (
    await db.dataSource.query<{ open: number }[]>(
      `SELECT count(*)::integer AS open FROM webhook_delivery WHERE state IN ('waiting', 'in_flight')`,
    )
  )[0]!.open;

it('three dispatchers killed twenty times tell a receiver that often fails every event, each payout in order; killed all at once, they go on sending many again', async () => {
  const operator = new ApiClient(await api.url, OPERATOR_KEY);
  const { body: merchant } = await operator.post<CreatedMerchantDto>('/v1/operator/merchants', { name: 'Merchant' });
  const client = new ApiClient(await api.url, merchant.api_key);
  const answer = await client.post<Bulk>('/v1/bulks', { webhook_url: receiver.url, items: validItems(PAYOUTS) });
  expect(answer.status).toBe(201);
  await until(async () => (await client.get<Bulk>(`/v1/bulks/${answer.body.id}`)).body.outcome.succeeded === PAYOUTS);
  await injectTime(db.dataSource, { factor: FASTER });

  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = receiver.received.length;
    await until(async () => receiver.received.length > before || (await open()) === 0);
    await workers[kill % workers.length]!.killAndRestart();
  }
  await until(async () => (await open()) === 0);

  const events = await db.dataSource.query<{ subject_id: string; sequence: number; state: string }[]>(
    `SELECT subject_id, sequence, state FROM webhook_delivery ORDER BY subject_id, sequence`,
  );
  expect(events.length).toBeGreaterThan(4_000);
  expect(events.filter(({ state }) => state !== 'delivered')).toEqual([]);
  expect(refused.size).toBeGreaterThan(events.length / 4);
  expectEachInOrder(events.length);

  fails = () => false;
  const first = new Map(receiver.received.map(({ id, body }) => [id, body.toString()]));
  receiver.received.length = 0;
  const asked = await client.post<ResendDto>('/v1/webhook-deliveries/resend', {
    bulk_id: answer.body.id,
    event_type: 'payout.processed',
  });
  const resend = async (): Promise<ResendDto> => (await client.get<ResendDto>(`/v1/webhook-resends/${asked.body.id}`)).body;
  // All of them in the middle: what is left of it is its rows.
  await until(() => receiver.received.length > 0);
  await Promise.all(workers.map((worker) => worker.killAndRestart()));
  expect((await resend()).status).toBe('sending');
  slow_ms = 0;
  await until(async () => (await resend()).status === 'finished');
  expect(await resend()).toMatchObject({ matched: PAYOUTS, released: PAYOUTS });
  const again = new Map(receiver.received.map(({ id, body }) => [id, body.toString()]));
  expect(again.size).toBe(PAYOUTS);
  for (const [id, body] of again) expect(body).toBe(first.get(id));
});

/** Doubles are allowed, with equal bytes; what is taken for the first time comes in its turn. */
function expectEachInOrder(events: number): void {
  const bodies = new Map<string, string>();
  const sequences = new Map<unknown, number[]>();
  for (const one of receiver.received) {
    const taken = bodies.has(one.id);
    if (taken) expect(one.body.toString()).toBe(bodies.get(one.id));
    if (taken || refused.has(one)) continue;
    bodies.set(one.id, one.body.toString());
    const subject = one.event.data['payout_id'] ?? one.event.data['bulk_id'];
    sequences.set(subject, [...(sequences.get(subject) ?? []), Number(one.event.data['sequence'])]);
  }
  expect(bodies.size).toBe(events);
  for (const told of sequences.values()) expect(told).toEqual(told.map((_, index) => index + 1));
}
