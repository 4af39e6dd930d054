import { PAYOUT_STATUSES } from '../../src/bulks/index.js';
import type { ProviderNotification } from '../../src/connectors/index.js';
import type { Resolution } from '../../src/payouts/resolve-intent.js';
import { CommitOutcomeUnknownError, isTransient, type Tx } from '../../src/platform/database/index.js';
import { Problem } from '../../src/platform/http/index.js';
import { type Engine, LEASE_S } from './engine.js';
import type { Random } from './random.js';
import type { CallNote, PlantedBug, Received, Temper, Topic } from './scene.js';
import { type ProviderScene, SimulatedProvider } from './simulated-provider.js';
import { type Actor, type Fate, Host, Stage } from './stage.js';

/** One claim as its server took it. */
export interface ClaimNote {
  readonly payoutId: string;
  readonly claimNo: number;
  readonly host: string;
  readonly at_ms: number;
  /** Moves on where it is renewed. */
  leaseEnd_ms: number;
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

export interface Retryable {
  readonly payout_id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly reference: string;
  readonly attempt_no: number;
}

/**
 * When a run begins, and by how much the clocks of Berlin are ahead of UTC in its first minutes: on an ordinary day, half a
 * minute before an hour that does not exist, and half a minute before one that comes twice. What is written as a local time in
 * the minutes after has to be read with the offset from before the gap, and as the first of the two (RFC 5545).
 */
const BEGINNINGS = [
  { at_ms: Date.UTC(2031, 0, 6, 9, 0, 0), berlinIsAhead_ms: 3_600_000 },
  { at_ms: Date.UTC(2031, 2, 30, 0, 59, 30), berlinIsAhead_ms: 3_600_000 },
  { at_ms: Date.UTC(2031, 9, 25, 23, 59, 30), berlinIsAhead_ms: 7_200_000 },
];

export interface WorldPlan {
  readonly temper: Temper;
  readonly random: Random;
  readonly bug: PlantedBug;
  readonly aim: string | null;
  readonly keepLines: boolean;
}

/** Everything of one run outside of the database: time, chance, provider, receivers, and what was observed. */
export class World implements ProviderScene {
  readonly temper: Temper;
  readonly bug: PlantedBug;
  /** The point at which a server is to be killed once, or none in particular. */
  readonly aim: string | null;
  readonly stage: Stage;
  readonly random: Random;
  readonly provider: SimulatedProvider;
  readonly received: Received[] = [];
  readonly claims: ClaimNote[] = [];
  readonly settles: SettleNote[] = [];
  readonly answers: AnswerNote[] = [];
  readonly freed: { readonly payoutId: string; readonly claimNo: number }[] = [];
  readonly unacknowledged: { readonly payoutId: string; readonly claimNo: number }[] = [];
  /** Keys of attempts that a person has settled as never taken. */
  readonly rejectedByHand = new Set<string>();
  /** What was sent although nothing, or nothing more, might be. */
  readonly unallowed: string[] = [];
  /** Bulks whose counts were seen to be wrong at some instant of the run. */
  readonly audits: string[] = [];
  readonly faults = new Map<string, number>();
  readonly killedAt = new Set<string>();
  readonly hosts: Host[] = [];
  readonly servers = new Map<Host, { reconcile(): void; compareInQuarantine(): void }>();
  readonly awake = new Set<string>();
  readonly merchantIds: string[] = [];
  readonly berlinIsAhead_ms: number;
  connectorId = '';
  kills = 0;
  freezes = 0;
  healed = false;
  planted = false;
  /** Counts what changed anything: a look that finds nothing needs no second one before the next change. */
  changes = 0;
  commits = 0;
  private agenda: readonly { readonly topic: Topic; readonly at_ms: number }[] = [];
  private agendaOf = -1;
  private noted = 0;
  private notified = 0;
  private resumed = 0;
  private lastProbe: { readonly host: string; readonly until_ms: number; readonly learnt: number } | null = null;
  private resolved = 0;
  private readonly retried = new Set<string>();

  constructor(
    readonly seed: number,
    readonly engine: Engine,
    { temper, random, bug, aim, keepLines }: WorldPlan,
  ) {
    this.temper = temper;
    this.bug = bug;
    this.aim = aim;
    const { at_ms, berlinIsAhead_ms } = random.pick(BEGINNINGS);
    this.berlinIsAhead_ms = berlinIsAhead_ms;
    this.stage = new Stage(at_ms, random.fork(), keepLines);
    this.random = random;
    this.provider = new SimulatedProvider(this, temper.provider);
  }

  monotonic_ms(host: Host | null): number {
    return this.stage.now_ms - this.stage.start_ms + (host?.skew_ms ?? 0);
  }

  stop(actor: Actor, point: string, notBefore_ms?: number): Promise<Fate> {
    return this.stage.pause(actor, notBefore_ms === undefined ? { point } : { point, notBefore_ms });
  }

  stopInside(actor: Actor, step: string): number {
    if (!this.stage.mayHold(actor)) return 0;
    if (this.aim === `${step}:inside`) return this.random.between(1, 4);
    return this.random.chance(0.3) ? this.random.between(1, 12) : 0;
  }

  stopsBeforeCommit(actor: Actor, step: string): boolean {
    return this.stage.mayHold(actor) && (this.aim === `${step}:before_commit` || this.random.chance(0.3));
  }

  committed(actor: Actor, topics: ReadonlySet<Topic>): void {
    actor.committed?.();
    actor.committed = null;
    if (topics.size > 0) this.changes += 1;
    for (const topic of topics) this.wake(topic);
  }

  /** Wakes are hints: some reach one server only. */
  wake(topic: Topic): void {
    if (this.hosts.length === 0) return;
    const hosts = this.random.chance(0.25) ? this.hosts : [this.random.pick(this.hosts)];
    for (const host of hosts) this.awake.add(`${host.name}.${topic}`);
  }

  /** A number for each observation, in the order in which they were made. */
  order(): number {
    this.noted += 1;
    return this.noted;
  }

  drawUuid(): string {
    const word = (): string =>
      Math.floor(this.random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return `${word()}-${word().slice(4)}-4000-8000-${word()}${word().slice(4)}`;
  }

  async unstaged(actor: Actor, work: (tx: Tx) => Promise<void>): Promise<void> {
    const { steps } = actor;
    actor.steps = [];
    await this.engine.transactions.asEngine(work);
    actor.steps = steps;
  }

  countFault(name: string): void {
    this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  }

  /** Which kinds of work have something to do at this instant, and the next instant at which that changes by itself. */
  async lookAhead(): Promise<{ readonly due: readonly Topic[]; readonly next_ms: number | null }> {
    if (this.agendaOf !== this.commits) {
      const rows = await this.engine.read<{ topic: Topic; at_ms: number }>(AGENDA, [this.connectorId, this.merchantIds]);
      this.agenda = rows.map(({ topic, at_ms }) => ({ topic, at_ms: Math.ceil(at_ms) }));
      this.agendaOf = this.commits;
    }
    const now_ms = this.stage.now_ms;
    const next = this.agenda.filter(({ at_ms }) => at_ms > now_ms).map(({ at_ms }) => at_ms);
    const due = new Set(this.agenda.filter(({ at_ms }) => at_ms <= now_ms).map(({ topic }) => topic));
    return { due: TOPICS.filter((topic) => due.has(topic)), next_ms: next.length === 0 ? null : Math.min(...next) };
  }

  /** Reads the counts of all bulks as a merchant may at any instant. */
  async audit(): Promise<void> {
    const rows = await this.engine.read<{ bulk_id: string; status: string; stored: number; counted: number }>(AUDIT, [
      this.merchantIds,
      PAYOUT_STATUSES,
    ]);
    for (const { bulk_id, status, stored, counted } of rows) {
      this.audits.push(`${this.stage.nameOf('bulk', bulk_id)} counts ${stored} ${status} instead of ${counted}`);
    }
  }

  /** Refused payouts that may be tried again, each of them twice at most. */
  async retryable(): Promise<Retryable[]> {
    const rows = await this.engine.read<Retryable>(
      `SELECT p.id AS payout_id, p.merchant_id, p.bulk_id, p.reference, p.attempt_no FROM payout p JOIN payout_intent i ON i.payout_id = p.id
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
    stage.enter(new Host(`provider${this.notified}`, 0), `tells(${name} ${notification.payment.status})`, async (actor) => {
      for (;;) {
        actor.steps = ['notify'];
        try {
          await engine.transactions.asEngine(
            (tx) => this.bug.receive?.(tx, notification, engine) ?? engine.receive.execute(tx, connectorId, notification),
          );
          return;
        } catch (error) {
          // Answered 503, and so sent again.
          if (!(error instanceof CommitOutcomeUnknownError) && !isTransient(error)) throw error;
        }
      }
    });
  }

  /** The operator settles by hand what needs review, truthfully. */
  async resolveOne(): Promise<void> {
    const { stage, engine, random } = this;
    const open = await this.reviews();
    if (open.length === 0) return;
    const { intentId, payoutId, key, status } = random.pick(open);
    this.resolved += 1;
    const name = `resolves(${stage.nameOf('payout', payoutId)} ${status})`;
    stage.enter(new Host(`operator${this.resolved}`, 0), name, async (actor) => {
      actor.steps = ['resolve'];
      try {
        await engine.transactions.asEngine(async (tx) => {
          await engine.resolve.execute(tx, { intentId, status, reason: 'the statement of account says so' });
          actor.committed = () => {
            if (status === 'rejected') this.rejectedByHand.add(key);
          };
        });
      } catch (error) {
        // Settled meanwhile, or answered 503: whoever looks again finds it.
        if (!(error instanceof Problem) && !(error instanceof CommitOutcomeUnknownError) && !isTransient(error)) throw error;
      }
    });
  }

  /** The operator has mended what the connector was paused for. */
  async resumeConnector(): Promise<void> {
    const { engine, connectorId } = this;
    const [row] = await engine.read<{ paused: boolean }>(`SELECT paused_at IS NOT NULL AS paused FROM connector WHERE id = $1`, [
      connectorId,
    ]);
    if (row?.paused !== true) return;
    await engine.transactions.asEngine((tx) => engine.connectors.resume(tx, connectorId));
    this.resumed += 1;
    this.stage.trace('the operator resumes the connector');
    this.wake('execute');
  }

  /** One at a time in the whole cluster, until its end is known, or it must have died with its server. */
  noteProbe(host: Host, until_ms: number): void {
    const before = this.lastProbe;
    const learnt = this.settles.length + this.resumed;
    if (before !== null && before.learnt === learnt && this.stage.now_ms < before.until_ms)
      this.unallowed.push(`${host.name} probes beside ${before.host}`);
    this.lastProbe = { host: host.name, until_ms, learnt };
  }

  async isQuarantined(): Promise<boolean> {
    if (!this.temper.quarantines) return false;
    const [row] = await this.engine.read<{ quarantined: boolean }>(
      'SELECT quarantined_at IS NOT NULL AS quarantined FROM engine',
    );
    return row?.quarantined === true;
  }

  /** What a person has to settle, and what the provider's statement of account says of it by now. */
  async reviews(): Promise<{ intentId: string; payoutId: string; key: string; status: Resolution }[]> {
    const { staleWindow_ms, timeout_ms } = this.temper.provider;
    const rows = await this.engine.read<{ intent_id: string; payout_id: string; key: string }>(
      `SELECT i.id AS intent_id, i.payout_id, a.idempotency_key::text AS key
       FROM payout_intent i JOIN payout p ON p.id = i.payout_id JOIN attempt a ON a.payout_id = p.id AND a.number = p.attempt_no
       WHERE i.connector_id = $1 AND i.status = 'needs_review'
         AND extract(epoch FROM a.last_send_at)::double precision * 1000 + $2 < $3 ORDER BY i.payout_id`,
      [this.connectorId, LEASE_MS + staleWindow_ms + timeout_ms, this.stage.now_ms],
    );
    return rows.map(({ intent_id: intentId, payout_id: payoutId, key }) => {
      const entry = this.provider.ledger.find((each) => each.key === key);
      return { intentId, payoutId, key, status: entry === undefined ? 'rejected' : this.provider.paymentOf(entry).status };
    });
  }

  async resumeBulks(): Promise<void> {
    const { engine } = this;
    const rows = await engine.read<{ id: string; merchant_id: string }>(
      `SELECT id, merchant_id FROM bulk WHERE merchant_id = ANY($1::uuid[]) AND paused_at IS NOT NULL ORDER BY id`,
      [this.merchantIds],
    );
    for (const { id, merchant_id: merchantId } of rows) {
      await engine.transactions.asMerchant(merchantId, (tx) =>
        engine.pause.execute(tx, { merchantId, bulkId: id, ifMatch: null, pause: false }),
      );
    }
  }

  async noteCall(actor: Actor, call: Pick<CallNote, 'action' | 'key' | 'intentId'>): Promise<void> {
    const [row] = await this.engine.read<{ payout_id: string; started_ms: number }>(
      `SELECT payout_id, extract(epoch FROM started_at)::double precision * 1000 AS started_ms
       FROM attempt WHERE idempotency_key::text = $1`,
      [call.key],
    );
    if (call.action === 'send' && (await this.isQuarantined())) this.unallowed.push(`${actor.name} sends in quarantine`);
    this.provider.calls.push({
      ...call,
      host: actor.host.name,
      at_ms: this.stage.now_ms,
      claim: actor.claim === null ? null : { ...actor.claim },
      attempt: row ?? null,
    });
  }
}

const LEASE_MS = LEASE_S * 1000;
const TOPICS: readonly Topic[] = ['validate', 'execute', 'deliver'];

/** Every instant at which something is to be done. */
const AGENDA = `
  SELECT topic, extract(epoch FROM at)::double precision * 1000 AS at_ms
  FROM (
    SELECT 'validate' AS topic, coalesce(lease_until + interval '1 ms', 'epoch') AS at
    FROM payout WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS') AND merchant_id = ANY($2::uuid[])
    UNION
    SELECT 'execute', scheduled_at FROM payout
    WHERE connector_id = $1 AND merchant_id = ANY($2::uuid[]) AND status = 'SCHEDULED' AND NOT held
      AND EXISTS (SELECT FROM connector WHERE id = $1 AND paused_at IS NULL)
    UNION
    SELECT 'execute', next_check_at FROM payout_intent
    WHERE connector_id = $1 AND next_check_at IS NOT NULL
    UNION
    SELECT 'execute', over FROM connector c CROSS JOIN LATERAL unnest(ARRAY[c.busy_until, c.breaker_until, c.probe_until]) AS r (over)
    WHERE c.id = $1 AND over IS NOT NULL
    UNION
    SELECT 'deliver', greatest(d.due_at, e.paused_until)
    FROM webhook_endpoint e JOIN webhook_delivery d ON d.endpoint_id = e.id
    WHERE e.status <> 'disabled' AND d.state IN ('waiting', 'in_flight') AND e.merchant_id = ANY($2::uuid[])) work`;

const AUDIT = `
  SELECT g.bulk_id, s.status, s.stored, s.counted
  FROM bulk_progress g
  CROSS JOIN LATERAL (
    SELECT status, (to_jsonb(g)->>lower(status))::integer AS stored,
      (SELECT count(*)::integer FROM payout p WHERE p.bulk_id = g.bulk_id AND p.status = name.status) AS counted
    FROM unnest($2::text[]) AS name (status)) s
  WHERE g.merchant_id = ANY($1::uuid[]) AND s.stored <> s.counted ORDER BY 1, 2`;
