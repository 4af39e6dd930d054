import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Configuration } from '../../src/platform/config/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { BacklogRepository } from '../../src/webhooks/deliveries/backlog.repository.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import type { SentDelivery } from '../../src/webhooks/deliveries/deliver.js';
import { type ClaimedDelivery, DeliveryRepository } from '../../src/webhooks/deliveries/delivery.repository.js';
import type { Verdict } from '../../src/webhooks/deliveries/judge-answer.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import { SettleDeliveries } from '../../src/webhooks/deliveries/settle-deliveries.js';
import { WorkOffBacklog } from '../../src/webhooks/deliveries/work-off-backlog.js';
import { DisableEndpoint } from '../../src/webhooks/endpoints/disable-endpoint.js';
import { EnableEndpoint } from '../../src/webhooks/endpoints/enable-endpoint.js';
import { EndpointNotices } from '../../src/webhooks/endpoints/endpoint-notices.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import { recordEvents } from '../../src/webhooks/events/record-events.js';
import { AdvanceResend } from '../../src/webhooks/resends/advance-resend.js';
import { ResendRepository } from '../../src/webhooks/resends/resend.repository.js';
import { testDatabase, type TestDatabase, testMerchant } from '../support/index.js';
import { registerEndpoint, Subject } from '../support/webhook-world.js';

const SUBJECTS = 3;
/** So small that a backlog is several. */
const SLICE = 2;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const lanes = new LaneRepository();
const deliveries = new DeliveryRepository();
const backlog = new BacklogRepository();
const endpoints = new EndpointRepository();
const notices = new EndpointNotices(endpoints);
const claims = new ClaimDeliveries(lanes, deliveries, { lease_s: 60 } as Configuration);
const settle = new SettleDeliveries(deliveries, lanes, notices);
const enable = new EnableEndpoint(endpoints, backlog, notices);
const disable = new DisableEndpoint(endpoints, notices);
const resends = new ResendRepository();
const advance = new AdvanceResend(resends);
const workOff = new WorkOffBacklog(backlog);

const VERDICTS = {
  success: { kind: 'delivered' },
  failure: { kind: 'retry', fault: 'http_status', delay_s: 0 },
  exhaustion: { kind: 'exhausted', fault: 'http_status' },
} as const satisfies Record<string, Verdict>;

const endedWith = (delivery: ClaimedDelivery, verdict: Verdict): SentDelivery => ({
  delivery,
  answer: {
    kind: 'answered',
    status: verdict.kind === 'delivered' ? 204 : 500,
    retryAfter: null,
    snippet: '',
    address: '192.0.2.1',
  },
  verdict,
  claimed_ms: 0,
  started_ms: 0,
  ended_ms: 0,
});

/** One endpoint, its merchant, and whoever sends to it: each step is what one transaction of somebody does. */
class Scene {
  /** Claimed and not settled yet, by whichever process: some of them have lost their lease. */
  readonly out: ClaimedDelivery[] = [];
  /** Waited when its endpoint was enabled without it, and was not sent again by hand since. */
  private readonly dropped = new Set<string>();

  private constructor(
    private readonly merchantId: string,
    private readonly endpointId: string,
    private readonly subjects: readonly Subject[],
  ) {}

  static async open(): Promise<Scene> {
    // Other scenes' lanes are nobody's work here.
    await db.dataSource.query(`UPDATE webhook_endpoint SET status = 'disabled', paused_until = NULL`);
    const { id } = await testMerchant(db);
    const { id: endpointId } = await registerEndpoint(db, id, { url: 'https://merchant.example/hooks' });
    await db.dataSource.query(`UPDATE webhook_endpoint SET calls_max = 8 WHERE id = $1`, [endpointId]);
    return new Scene(
      id,
      endpointId,
      Array.from({ length: SUBJECTS }, () => new Subject(id)),
    );
  }

  async tell(subject: number): Promise<void> {
    await db.transactions.asEngine(async (tx) => recordEvents(tx, [await this.subjects[subject]!.draft(tx)]));
  }

  /** What is claimed was not dropped, and has nothing before it at the endpoint that is open and not dropped. */
  async claim(): Promise<number> {
    const claimed = await db.transactions.asEngine((tx) => claims.execute(tx, new Places()));
    this.out.push(...claimed);
    expect(claimed.filter(({ id }) => this.dropped.has(id))).toEqual([]);
    const early = await db.dataSource.query<{ id: string }[]>(
      `SELECT b.id FROM webhook_delivery d JOIN webhook_delivery b
         ON b.subject_id = d.subject_id AND b.endpoint_id = d.endpoint_id AND b.sequence < d.sequence
       WHERE d.id = ANY ($1) AND b.state IN ('waiting', 'in_flight')`,
      [claimed.map(({ id }) => id)],
    );
    expect(early.filter(({ id }) => !this.dropped.has(id))).toEqual([]);
    return claimed.length;
  }

  async settle(which: number, verdict: Verdict): Promise<void> {
    const [delivery] = this.out.splice(which % Math.max(1, this.out.length), 1);
    if (delivery !== undefined) await db.transactions.asEngine((tx) => settle.execute(tx, [endedWith(delivery, verdict)]));
  }

  /** Every lease ends, and every pause; what had them goes on as if it did not know. Nothing is due before it was queued. */
  async timePasses(): Promise<void> {
    await db.dataSource.query(
      `UPDATE webhook_delivery SET due_at = greatest(queued_at, now() - interval '1 s'), lease_until = CASE WHEN state = 'in_flight' THEN now() - interval '1 s' END
       WHERE endpoint_id = $1 AND state IN ('waiting', 'in_flight')`,
      [this.endpointId],
    );
    await db.dataSource.query(
      `UPDATE webhook_endpoint SET paused_until = CASE WHEN status = 'paused' THEN now() END,
         ready_at = CASE WHEN ready_at < 'infinity' THEN now() ELSE ready_at END WHERE id = $1`,
      [this.endpointId],
    );
  }

  async disable(): Promise<void> {
    await db.transactions.asEngine((tx) => disable.execute(tx, this.ids));
  }

  async enable(kind: 'all' | 'from' | 'drop'): Promise<void> {
    const from = new Date(Date.now() - 50);
    const choice = kind === 'from' ? { kind, from } : { kind };
    const dropped = await db.dataSource.query<{ id: string }[]>(
      `SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
       WHERE e.id = $1 AND e.status = 'disabled' AND d.state = 'waiting' AND d.queued_at < $2`,
      [this.endpointId, { all: new Date(0), from, drop: 'infinity' }[kind]],
    );
    for (const { id } of dropped) this.dropped.add(id);
    await db.transactions.asEngine((tx) => enable.execute(tx, { ...this.ids, backlog: choice }));
  }

  async resend(which: number): Promise<void> {
    const rows = await db.dataSource.query<{ id: string }[]>(
      `SELECT id FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY id`,
      [this.endpointId],
    );
    const row = rows[which % Math.max(1, rows.length)];
    if (row === undefined) return;
    await db.transactions.asEngine((tx) => resends.sendAgain(tx, row.id));
    this.dropped.delete(row.id);
  }

  /** A slice of what the endpoint has missed for too long, which is at once here. */
  async expire(): Promise<void> {
    await db.transactions.asEngine((tx) => backlog.expire(tx, { days: 0, rowsMax: SLICE }));
  }

  /** Somebody asks for everything again. */
  async resendAll(): Promise<void> {
    const any = { endpointId: null, bulkId: null, eventType: null, state: null, createdAfter: null, createdBefore: null };
    const resend = { id: newUuid(), merchantId: this.merchantId, ...any };
    await db.transactions.asMerchant(this.merchantId, (tx) => resends.insert(tx, resend));
  }

  /** One look of a resend. @returns whether any is running. */
  async advance(): Promise<boolean> {
    await db.dataSource.query(`UPDATE webhook_resend SET look_at = now() WHERE finished_at IS NULL`);
    const due_ms = await db.transactions.asEngine((tx) => advance.execute(tx));
    const again = await db.dataSource.query<{ id: string }[]>(
      `SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
       WHERE e.id = $1 AND d.resend_id IS NOT NULL AND d.state = 'waiting' AND d.queued_at >= coalesce(e.backlog_from, '-infinity')`,
      [this.endpointId],
    );
    for (const { id } of again) this.dropped.delete(id);
    return due_ms !== null;
  }

  /** One slice. @returns whether there may be more. */
  workOff(): Promise<boolean> {
    return db.transactions.asEngine((tx) => workOff.execute(tx, SLICE));
  }

  /** The receiver is well for good: whatever happened before, nothing stays open. */
  async drain(): Promise<void> {
    await this.enable('all');
    await this.timePasses();
    while (await this.workOff());
    for (let idle = 0; idle < 2;) {
      const resending = await this.advance();
      idle = (await this.claim()) === 0 && this.out.length === 0 && !resending ? idle + 1 : 0;
      while (this.out.length > 0) await this.settle(0, VERDICTS.success);
    }
    const left = await db.dataSource.query<unknown[]>(
      `SELECT state, sequence FROM webhook_delivery WHERE endpoint_id = $1 AND state IN ('waiting', 'in_flight')`,
      [this.endpointId],
    );
    expect(left).toEqual([]);
  }

  private get ids(): { merchantId: string; endpointId: string } {
    return { merchantId: this.merchantId, endpointId: this.endpointId };
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.nat(SUBJECTS - 1).map((subject) => ({ does: `tell ${subject}`, run: (s: Scene) => s.tell(subject) })),
  },
  { weight: 5, arbitrary: fc.constant({ does: 'claim', run: (s: Scene) => s.claim() }) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(9), fc.constantFrom(...(['success', 'success', 'failure', 'exhaustion'] as const)))
      .map(([which, verdict]) => ({ does: `settle ${which} ${verdict}`, run: (s: Scene) => s.settle(which, VERDICTS[verdict]) })),
  },
  { weight: 2, arbitrary: fc.constant({ does: 'time passes', run: (s: Scene) => s.timePasses() }) },
  { weight: 1, arbitrary: fc.constant({ does: 'disable', run: (s: Scene) => s.disable() }) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...(['all', 'from', 'drop'] as const))
      .map((kind) => ({ does: `enable ${kind}`, run: (s: Scene) => s.enable(kind) })),
  },
  { weight: 2, arbitrary: fc.constant({ does: 'work off', run: (s: Scene) => s.workOff() }) },
  { weight: 1, arbitrary: fc.constant({ does: 'expire', run: (s: Scene) => s.expire() }) },
  { weight: 1, arbitrary: fc.constant({ does: 'resend all', run: (s: Scene) => s.resendAll() }) },
  { weight: 2, arbitrary: fc.constant({ does: 'advance', run: (s: Scene) => s.advance() }) },
  { weight: 2, arbitrary: fc.nat(20).map((which) => ({ does: `resend ${which}`, run: (s: Scene) => s.resend(which) })) },
);

it('whatever happens in whatever order, no delivery goes before an earlier one of its payout, and none is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const scene = await Scene.open();
      for (const { run } of steps) await run(scene);
      await scene.drain();
    }),
    { numRuns: 60, endOnFailure: true },
  );
});
