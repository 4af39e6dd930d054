import { PAYOUT_STATUSES } from '../../src/bulks/index.js';
import type { ProviderNotification } from '../../src/connectors/index.js';
import { CommitOutcomeUnknownError, isTransient, type Tx } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { Engine } from './engine.js';
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
  /** Of the one probe of an open breaker: when it must have been answered, or have died with its server. */
  readonly probeEnd_ms: number | null;
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
  /** How often the operator has let the connector go on. */
  resumed = 0;
  private noted = 0;
  private notified = 0;
  private lastProbe: { readonly host: string; readonly until_ms: number; readonly learnt: number } | null = null;

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

  async namesOfOthers(intentId: string): Promise<string[]> {
    const rows = await this.engine.read<{ name: string }>(
      `SELECT DISTINCT a.provider_reference AS name FROM attempt a JOIN payout_intent i ON i.payout_id = a.payout_id
       WHERE i.connector_id = $1 AND i.id <> $2 AND a.provider_reference IS NOT NULL ORDER BY 1`,
      [this.connectorId, fromTypeId('intent', intentId)],
    );
    return rows.map(({ name }) => name);
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

  /** One at a time in the whole cluster, until its end is known, or it must have died with its server. */
  private noteProbe(host: string, until_ms: number): void {
    const before = this.lastProbe;
    const learnt = this.settles.length + this.resumed;
    if (before !== null && before.learnt === learnt && this.stage.now_ms < before.until_ms)
      this.unallowed.push(`${host} probes beside ${before.host}`);
    this.lastProbe = { host, until_ms, learnt };
  }

  async isQuarantined(): Promise<boolean> {
    if (!this.temper.quarantines) return false;
    const [row] = await this.engine.read<{ quarantined: boolean }>(
      'SELECT quarantined_at IS NOT NULL AS quarantined FROM engine',
    );
    return row?.quarantined === true;
  }

  async noteCall(actor: Actor, call: Pick<CallNote, 'action' | 'key' | 'intentId'>): Promise<void> {
    const probeEnd_ms = actor.claim?.probeEnd_ms ?? null;
    if (call.action === 'send' && probeEnd_ms !== null) this.noteProbe(actor.host.name, probeEnd_ms);
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

const AUDIT = `
  SELECT g.bulk_id, s.status, s.stored, s.counted
  FROM bulk_progress g
  CROSS JOIN LATERAL (
    SELECT status, (to_jsonb(g)->>lower(status))::integer AS stored,
      (SELECT count(*)::integer FROM payout p WHERE p.bulk_id = g.bulk_id AND p.status = name.status) AS counted
    FROM unnest($2::text[]) AS name (status)) s
  WHERE g.merchant_id = ANY($1::uuid[]) AND s.stored <> s.counted ORDER BY 1, 2`;
