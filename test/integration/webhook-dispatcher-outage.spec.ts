import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { type Received, startReceiver } from '../support/receiver-server.js';
import { until } from '../support/until.js';
import { injectTime } from '../support/webhook-clock.js';
import { dispatcherOn, registerEndpoint, Subject } from '../support/webhook-world.js';

const SUBJECTS = 1_000;
const EVENTS_EACH = 4;
const OUTAGE_S = 600;
/** What a lane that has done well may have out. */
const CALLS_MAX = 32;
const RETRIES_S = [5, 300, 1800, 7200];

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

interface Lane {
  readonly status: string;
  readonly in_flight: number;
  readonly open: number;
  /** From now to the end of its pause, else to its next row. */
  readonly wait_s: number | null;
}

async function lane(): Promise<Lane> {
  const [row] = await db.dataSource.query<Lane[]>(
    `SELECT e.status, count(*) FILTER (WHERE d.state = 'in_flight')::integer AS in_flight, count(d.id)::integer AS open,
       extract(epoch FROM coalesce(e.paused_until, min(d.due_at)) - tranche_now())::double precision AS wait_s
     FROM webhook_endpoint e LEFT JOIN webhook_delivery d ON d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight') GROUP BY e.id`,
  );
  return row!;
}

it('an outage of ten minutes costs fewer than sixty attempts of four thousand events, and then all come, in order and within the cap', async () => {
  const merchant = await testMerchant(db);
  let out = 0;
  let mostOut = 0;
  let successes = 0;
  /** Calls that were out beyond the first one and one more for each success. */
  let tooEager = 0;
  let down = true;
  const refused = new Set<Received>();
  const receiver = await startReceiver({
    answer: async (received) => {
      out += 1;
      mostOut = Math.max(mostOut, out);
      if (!down) tooEager = Math.max(tooEager, out - (1 + successes));
      await new Promise((resolve) => setImmediate(resolve));
      out -= 1;
      if (!down) {
        successes += 1;
        return { status: 204 };
      }
      refused.add(received);
      return { status: 503 };
    },
  });
  const { id } = await registerEndpoint(db, merchant.id, { url: receiver.url });
  await db.dataSource.query(`UPDATE webhook_endpoint SET calls_max = $2 WHERE id = $1`, [id, CALLS_MAX]);
  const subjects = Array.from({ length: SUBJECTS }, () => new Subject(merchant.id));
  for (let n = 0; n < EVENTS_EACH; n += 1) {
    await db.transactions.asEngine(async (tx) => {
      const drafts = [];
      for (const subject of subjects) drafts.push(await subject.draft(tx));
      await recordEvents(tx, drafts);
    });
  }

  const running = dispatcherOn(db, { webhookRetrySchedule_s: RETRIES_S });
  running.dispatcher.start();
  try {
    // Time jumps from each end of a pause to the next: what happens between them is real.
    let ahead_s = 0;
    const jump = async (wait_s: number): Promise<void> => {
      ahead_s += wait_s;
      await injectTime(db.dataSource, { ahead_s });
    };
    while (ahead_s < OUTAGE_S) {
      await until(async () => {
        const { status, in_flight, wait_s } = await lane();
        return status === 'paused' && in_flight === 0 && wait_s !== null && wait_s > 0;
      });
      await jump(Math.min((await lane()).wait_s!, OUTAGE_S - ahead_s));
    }
    expect(refused.size).toBeLessThan(60);
    expect((await lane()).open).toBe(SUBJECTS * EVENTS_EACH);

    down = false;
    await until(async () => {
      const { open, in_flight, wait_s } = await lane();
      if (open > 0 && in_flight === 0 && wait_s !== null && wait_s > 0) await jump(wait_s);
      return open === 0;
    });
  } finally {
    await running.stop();
    await receiver.close();
  }
  expect(mostOut).toBeLessThanOrEqual(CALLS_MAX);
  // After a pause a lane begins as a new one, and grows again.
  expect(tooEager).toBe(0);
  expect(await db.dataSource.query(`SELECT calls_max FROM webhook_endpoint`)).toEqual([{ calls_max: CALLS_MAX }]);
  const taken = new Map<unknown, unknown[]>(subjects.map((subject) => [subject.id, []]));
  for (const one of receiver.received)
    if (!refused.has(one)) taken.get(one.event.data['subject'])!.push(one.event.data['sequence']);
  for (const sequences of taken.values()) expect(sequences).toEqual([1, 2, 3, 4]);
});
