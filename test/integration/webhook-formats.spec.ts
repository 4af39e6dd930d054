import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Configuration } from '../../src/platform/config/index.js';
import { Metrics, Traces } from '../../src/platform/observability/index.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import { DeliveryQueries } from '../../src/webhooks/deliveries/delivery.queries.js';
import { type ClaimedDelivery, DeliveryRepository } from '../../src/webhooks/deliveries/delivery.repository.js';
import { DispatcherMetrics } from '../../src/webhooks/deliveries/dispatcher-metrics.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import { WriteBodies } from '../../src/webhooks/deliveries/write-bodies.js';
import { defineBodyFormat } from '../../src/webhooks/events/body-format.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { ResendRepository } from '../../src/webhooks/resends/resend.repository.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

/** A format that has no words for one of its types, until somebody mends it. */
let isMended = false;
defineBodyFormat('torn', {
  types: ['payout.scheduled', 'payout.processed'],
  read: () => Promise.resolve(new Map()),
  write: ({ type }) => {
    if (type === 'payout.processed' && !isMended) throw new Error('no words');
    return Buffer.from(`torn ${type}`);
  },
});

let db: TestDatabase;
const [lanes, deliveries, metrics] = [new LaneRepository(), new DeliveryRepository(), new Metrics()];
const claims = new ClaimDeliveries(lanes, deliveries, { lease_s: 60 } as Configuration);
const bodies = new WriteBodies(deliveries, lanes, new DispatcherMetrics(metrics, new Traces({ traces: null })));

beforeAll(async () => {
  // What can not be written is a fault that the log tells, and here a planted one.
  Logger.overrideLogger(false);
  db = await testDatabase();
});
// Other tests' lanes are nobody's work here.
beforeEach(() => db.dataSource.query(`UPDATE webhook_endpoint SET status = 'disabled', paused_until = NULL`));
afterAll(() => db.close());

/** What a process would send next. */
const claim = (): Promise<ClaimedDelivery[]> =>
  db.transactions.asEngine(async (tx) => bodies.execute(tx, await claims.execute(tx, new Places())));

/** A payout of which such events were told, in this order, to an endpoint of the format. */
async function told(merchantId: string, format: string, types: readonly string[]): Promise<string> {
  const { id } = await registerEndpoint(db, merchantId, { url: `https://${format}.example/hooks`, format });
  const subject = new Subject(merchantId);
  await db.transactions.asEngine(async (tx) => {
    for (const type of types) await recordEvents(tx, [await subject.draft(tx, type)]);
  });
  return id;
}

const shown = async (merchantId: string, status: string | null = null) => {
  const any = {
    endpointId: null,
    bulkId: null,
    payoutId: null,
    type: null,
    resendId: null,
    createdAfter: null,
    createdBefore: null,
  };
  const queries = new DeliveryQueries();
  return db.transactions.asMerchant(merchantId, async (tx) => {
    const { rows } = await queries.list(tx, { ...any, merchantId, status }, { limit: 100 });
    return Promise.all(rows.map(async (row) => ({ ...row, tries: await queries.attempts(tx, row.id) })));
  });
};

describe('an event that can not be written in the words of its endpoint', () => {
  it('is exhausted with an attempt that says so, keeps nothing of its payout waiting, and costs its endpoint nothing', async () => {
    const { id: merchantId } = await testMerchant(db);
    const lane = await told(merchantId, 'torn', ['payout.processed', 'payout.scheduled']);
    const standing = (): Promise<unknown> =>
      db.dataSource.query(`SELECT status, failure_streak, paused_until, calls_max FROM webhook_endpoint WHERE id = $1`, [lane]);
    // Its pause is over: what is claimed next would be its probe.
    await db.dataSource.query(
      `UPDATE webhook_endpoint SET status = 'paused', reason = 'failing', failure_streak = 5, paused_until = now() WHERE id = $1`,
      [lane],
    );
    const before = await standing();
    expect(await claim()).toEqual([]);
    const [unwritable, ...others] = await shown(merchantId, 'exhausted');
    expect([unwritable, others]).toMatchObject([{ type: 'payout.processed', attempts: 1, next_attempt_at: null }, []]);
    expect(unwritable!.tries).toMatchObject([
      { number: 1, error_class: 'unwritable', http_status: null, address: null, next_attempt_at: null },
    ]);
    expect(await standing()).toEqual(before);
    expect(await metrics.registry.metrics()).toContain(
      'tranche_webhook_attempts_total{outcome="exhausted",fault="unwritable"} 1',
    );
    const [next] = await claim();
    expect([next?.endpoint_id, next?.body.toString()]).toEqual([lane, 'torn payout.scheduled']);
  });

  it('goes out when it is asked for by a version that can write it', async () => {
    const { id: merchantId } = await testMerchant(db);
    await told(merchantId, 'torn', ['payout.processed']);
    expect(await claim()).toEqual([]);
    const [unwritable] = await shown(merchantId, 'exhausted');
    isMended = true;
    await db.transactions.asEngine((tx) => new ResendRepository().sendAgain(tx, unwritable!.id));
    expect((await claim()).map(({ id, body }) => [id, body.toString()])).toEqual([[unwritable!.id, 'torn payout.processed']]);
  });
});

it('an event for an endpoint whose format only a newer version knows is left to it, and nobody else’s waits for that', async () => {
  const [merchant, other] = [await testMerchant(db), await testMerchant(db)];
  await told(merchant.id, 'newer', ['payout.scheduled']);
  const known = await told(other.id, 'native', ['payout.scheduled']);
  expect((await claim()).map(({ endpoint_id }) => endpoint_id)).toEqual([known]);
  expect(await shown(merchant.id)).toMatchObject([{ status: 'in_flight', attempts: 0, tries: [] }]);
});
