import type { Capabilities, IntentRequest, ProviderNotification } from '../../src/connectors/index.js';
import { CommitOutcomeUnknownError, isTransient, type Tx } from '../../src/platform/database/index.js';
import type { callProvider } from '../../src/payouts/call-provider.js';
import type { MonotonicClock } from '../../src/platform/time/index.js';
import { PAYOUT_STATUSES } from '../../src/bulks/index.js';
import type { Engine } from './engine.js';
import type { CallNote, ProviderTemper } from './simulated-provider.js';
import { SimulatedProvider } from './simulated-provider.js';
import { Random } from './random.js';
import type { Received } from './simulated-receiver.js';
import { type Actor, type Fate, Host, Stage } from './stage.js';

/** An error planted into the run by the test tree: everything it does not name stays the real engine. */
export interface PlantedBug {
  readonly name: string;
  readonly meaning: string;
  /** Patches a statement on its way to the database; `left_out` runs it not at all. */
  statement?(given: {
    text: string;
    values: readonly unknown[];
    actor: Actor;
    step: string;
    query: Tx['query'];
  }): { text: string; values: readonly unknown[] } | 'left_out';
  /** Patches what a statement answered. */
  rows?(given: { text: string; rows: unknown[]; actor: Actor; step: string }): unknown[];
  /** Runs after COMMIT, before anybody learns of it. */
  afterCommit?(world: World, actor: Actor): Promise<void>;
  request?(request: IntentRequest, world: World): IntentRequest;
  capabilities?(told: Capabilities): Capabilities;
  readonly callProvider?: typeof callProvider;
  /** The clock that calls look at before they start. */
  readonly clock?: MonotonicClock;
  /** Findings are settled as if they had been learnt under this claim. */
  claimNo?(claimNo: number | null): number | null | undefined;
}

export const NO_BUG: PlantedBug = { name: 'none', meaning: 'the engine as it is' };

/** How rough this run is. */
export interface Temper {
  readonly kills: number;
  readonly freezes: number;
  readonly transactionFaults: number;
  readonly receiverFaults: number;
  readonly leaps: number;
  readonly webhooks: boolean;
  readonly provider: ProviderTemper;
}

/** One claim as its server took it. */
export interface ClaimNote {
  readonly payoutId: string;
  readonly claimNo: number;
  readonly host: string;
  readonly at_ms: number;
  readonly leaseEnd_ms: number;
  readonly order: number;
}

/** One settled result. */
export interface SettleNote {
  readonly payoutId: string;
  readonly claimNo: number | null;
  readonly counted: boolean;
  readonly at_ms: number;
  readonly order: number;
}

/** A merchant's request and what came of it. Where it was committed and not answered, `answered` is false. */
export interface AnswerNote {
  readonly action: 'edit' | 'cancel' | 'retry' | 'pause' | 'create' | 'foreign';
  readonly payoutId: string | null;
  readonly result: string;
  readonly answered: boolean;
  readonly ifMatch: number | null;
  readonly at_ms: number;
  readonly order: number;
}

export type Topic = 'validate' | 'execute' | 'deliver';

const START_MS = Date.UTC(2031, 0, 6, 9, 0, 0);

/** Everything of one run outside of the database: time, chance, provider, receivers, and what was observed. */
export class World {
  readonly stage: Stage;
  readonly random: Random;
  readonly provider: SimulatedProvider;
  readonly received: Received[] = [];
  readonly claims: ClaimNote[] = [];
  readonly settles: SettleNote[] = [];
  readonly answers: AnswerNote[] = [];
  /** Claims that ended before their lease did, because a result or a notification was written. */
  readonly freed: { readonly payoutId: string; readonly claimNo: number }[] = [];
  /** Bulks whose counts were seen to be wrong at some instant of the run. */
  readonly audits: string[] = [];
  readonly faults = new Map<string, number>();
  readonly reached = new Map<string, number>();
  readonly killedAt = new Set<string>();
  readonly hosts: Host[] = [];
  readonly awake = new Set<string>();
  readonly merchantIds: string[] = [];
  connectorId = '';
  kills = 0;
  freezes = 0;
  /** Counts what changed anything: a look that finds nothing needs no second one before the next change. */
  changes = 0;
  private noted = 0;
  private notified = 0;
  private readonly retried = new Set<string>();

  constructor(
    readonly seed: number,
    readonly engine: Engine,
    readonly temper: Temper,
    readonly bug: PlantedBug,
    random: Random,
    keepLines: boolean,
  ) {
    this.stage = new Stage(START_MS, random.fork(), keepLines);
    this.random = random;
    this.provider = new SimulatedProvider(this, temper.provider);
  }

  monotonic_ms(host: Host | null): number {
    return this.stage.now_ms - this.stage.start_ms + (host?.skew_ms ?? 0);
  }

  stop(actor: Actor, step: string, stop: string, notBefore_ms?: number): Promise<Fate> {
    const point = `${step}:${stop}`;
    this.reached.set(point, (this.reached.get(point) ?? 0) + 1);
    return this.stage.pause(actor, notBefore_ms === undefined ? { point } : { point, notBefore_ms });
  }

  /** After which statement of its transaction the actor stops; 0: after none. */
  stopInside(actor: Actor, _step: string): number {
    return this.stage.mayHold(actor) && this.random.chance(0.3) ? this.random.between(1, 12) : 0;
  }

  stopsBeforeCommit(actor: Actor, _step: string): boolean {
    return this.stage.mayHold(actor) && this.random.chance(0.3);
  }

  committed(actor: Actor, topics: ReadonlySet<Topic>): void {
    actor.committed?.();
    actor.committed = null;
    if (topics.size > 0) this.changes += 1;
    for (const topic of topics) this.wake(topic);
  }

  async afterCommit(actor: Actor, _step: string): Promise<void> {
    await this.bug.afterCommit?.(this, actor);
  }

  wake(topic: Topic): void {
    for (const host of this.hosts) this.awake.add(`${host.name}.${topic}`);
  }

  /** A number for each observation, in the order in which they were made. */
  order(): number {
    this.noted += 1;
    return this.noted;
  }

  countFault(name: string): void {
    this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  }

  /** Which kinds of work have something to do at this instant, and the next instant at which that changes by itself. */
  async lookAhead(): Promise<{ readonly due: readonly Topic[]; readonly next_ms: number | null }> {
    const now_ms = this.stage.now_ms;
    const rows = await this.engine.dataSource.query<{ topic: Topic; due: boolean; next_ms: number | null }[]>(DUE, [
      this.connectorId,
      new Date(now_ms).toISOString(),
      this.merchantIds,
    ]);
    const next = rows.flatMap(({ next_ms }) => (next_ms === null ? [] : [Math.ceil(next_ms)]));
    return { due: rows.filter(({ due }) => due).map(({ topic }) => topic), next_ms: next.length === 0 ? null : Math.min(...next) };
  }

  /** Reads the counts of all bulks as a merchant may at any instant. */
  async audit(): Promise<void> {
    const rows = await this.engine.dataSource.query<{ bulk_id: string; status: string; stored: number; counted: number }[]>(AUDIT, [
      this.merchantIds,
      PAYOUT_STATUSES,
    ]);
    for (const { bulk_id, status, stored, counted } of rows) {
      this.audits.push(`${this.stage.nameOf('bulk', bulk_id)} counts ${stored} ${status} instead of ${counted}`);
    }
  }

  /** Refused payouts that may be tried again, each of them twice at most. */
  async retryable(): Promise<{ payout_id: string; merchant_id: string; bulk_id: string }[]> {
    const rows = await this.engine.dataSource.query<{ payout_id: string; merchant_id: string; bulk_id: string; attempt_no: number }[]>(
      `SELECT p.id AS payout_id, p.merchant_id, p.bulk_id, p.attempt_no FROM payout p JOIN payout_intent i ON i.payout_id = p.id
       WHERE p.status = 'INTENT_CREATION_FAILED' AND (i.failure->>'retryable')::boolean AND i.connector_id = $1 ORDER BY p.id`,
      [this.connectorId],
    );
    const fresh = rows.filter(({ payout_id, attempt_no }) => attempt_no < 3 && !this.retried.has(`${payout_id}:${attempt_no}`));
    for (const { payout_id, attempt_no } of fresh) this.retried.add(`${payout_id}:${attempt_no}`);
    return fresh;
  }

  /** The provider tells by itself, as the route for notifications takes it in. */
  notify(notification: ProviderNotification): void {
    const { stage, engine, connectorId } = this;
    this.notified += 1;
    const name = stage.nameOf('payment', notification.payment.providerReference);
    stage.enter(new Host(`provider${this.notified}`, 0), `tells(${name} ${notification.payment.status})`, {}, async (actor) => {
      for (;;) {
        actor.steps = ['notify'];
        try {
          await engine.transactions.asEngine((tx) => engine.receive.execute(tx, connectorId, notification));
          return;
        } catch (error) {
          // Answered 503, and so sent again.
          if (!(error instanceof CommitOutcomeUnknownError) && !isTransient(error)) throw error;
        }
      }
    });
  }

  /** The operator has mended what the connector was paused for. */
  async resumeConnector(): Promise<void> {
    const { engine, connectorId } = this;
    const [row] = await engine.dataSource.query<{ paused: boolean }[]>(
      `SELECT paused_at IS NOT NULL AS paused FROM connector WHERE id = $1`,
      [connectorId],
    );
    if (row?.paused !== true) return;
    await engine.transactions.asEngine((tx) => engine.connectors.resume(tx, connectorId));
    this.stage.trace('the operator resumes the connector');
    this.wake('execute');
  }

  async resumeBulks(): Promise<void> {
    const { engine } = this;
    const rows = await engine.dataSource.query<{ id: string; merchant_id: string }[]>(
      `SELECT id, merchant_id FROM bulk WHERE merchant_id = ANY($1::uuid[]) AND paused_at IS NOT NULL ORDER BY id`,
      [this.merchantIds],
    );
    for (const { id, merchant_id: merchantId } of rows) {
      await engine.transactions.asMerchant(merchantId, (tx) =>
        engine.pause.execute(tx, { merchantId, bulkId: id, ifMatch: null, pause: false }),
      );
    }
  }

  /** Notes a call with what the database has committed of it at this instant. */
  async noteCall(actor: Actor, call: Pick<CallNote, 'action' | 'key' | 'intentId'>): Promise<void> {
    const [row] = await this.engine.dataSource.query<{ payout_id: string; started_ms: number }[]>(
      `SELECT payout_id, extract(epoch FROM started_at)::double precision * 1000 AS started_ms
       FROM attempt WHERE idempotency_key::text = $1`,
      [call.key],
    );
    this.provider.calls.push({
      ...call,
      host: actor.host.name,
      at_ms: this.stage.now_ms,
      claim: actor.claim,
      attempt: row ?? null,
    });
  }
}

const DUE = `
  SELECT topic, coalesce(bool_or(at <= $2::timestamptz), false) AS due,
    extract(epoch FROM min(at) FILTER (WHERE at > $2::timestamptz))::double precision * 1000 AS next_ms
  FROM (
    SELECT 'validate' AS topic, coalesce(lease_until + interval '1 ms', 'epoch') AS at
    FROM payout WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS') AND merchant_id = ANY($3::uuid[])
    UNION ALL
    SELECT 'execute', scheduled_at FROM payout JOIN connector c ON c.id = connector_id AND c.paused_at IS NULL
    WHERE connector_id = $1 AND status = 'SCHEDULED' AND NOT held
    UNION ALL
    SELECT 'execute', next_check_at FROM payout_intent i JOIN connector c ON c.id = i.connector_id AND c.paused_at IS NULL
    WHERE i.connector_id = $1 AND next_check_at IS NOT NULL
    UNION ALL
    SELECT 'deliver', greatest(d.due_at, e.paused_until)
    FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id AND e.status <> 'disabled'
    WHERE d.state IN ('waiting', 'in_flight') AND d.merchant_id = ANY($3::uuid[])) work
  GROUP BY topic`;

const AUDIT = `
  SELECT g.bulk_id, s.status, s.stored, s.counted
  FROM bulk_progress g
  CROSS JOIN LATERAL (
    SELECT status, (to_jsonb(g)->>lower(status))::integer AS stored,
      (SELECT count(*)::integer FROM payout p WHERE p.bulk_id = g.bulk_id AND p.status = name.status) AS counted
    FROM unnest($2::text[]) AS name (status)) s
  WHERE g.merchant_id = ANY($1::uuid[]) AND s.stored <> s.counted ORDER BY 1, 2`;
