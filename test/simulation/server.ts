import type { ConnectorEntity } from '../../src/connectors/index.js';
import { allowanceOf } from '../../src/payouts/allowance.js';
import { callProvider } from '../../src/payouts/call-provider.js';
import { CallSettler } from '../../src/payouts/call-settler.js';
import type { Claimed } from '../../src/payouts/claim-payouts.js';
import type { Finding } from '../../src/payouts/settle-intents.js';
import { isUnanswered, type Tx } from '../../src/platform/database/index.js';
import type { SentDelivery } from '../../src/webhooks/deliveries/deliver.js';
import type { ClaimedDelivery } from '../../src/webhooks/deliveries/delivery.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import type { Topic } from './scene.js';
import { type Actor, currentActor, Host } from './stage.js';
import type { ClaimNote, World } from './world.js';

/** Deliveries that one round takes. */
const DELIVERIES_MAX = 6;
const CLAIM_MAX = 50;
/** Takes the probe, claims for it, gives it back where nothing is due, and looks. */
const PROBING = ['probe', 'claim', 'probe', 'claim'];
/** Nobody shares the provider's limit here: how it is shared is a loop's own time. */
const EVERY_PLACE = { places: CLAIM_MAX, until: Infinity };

/**
 * One server with the role worker: the steps of the real engine in loops of the simulation, which stand for the sleeping
 * and waking of the real ones. What a loop remembers dies with its server.
 */
export class Server {
  readonly host: Host;
  private readonly settler: CallSettler;
  /** What the settler has put off for a moment. */
  private readonly flushes: (() => void)[] = [];
  /** Webhooks whose calls have ended and are not settled. */
  private readonly ended: SentDelivery[] = [];
  private readonly apart: SentDelivery[] = [];
  /** What is claimed and not answered yet, with the note of its claim. */
  private readonly held = new Map<Claimed, ClaimNote>();

  constructor(
    private readonly world: World,
    name: string,
    skew_ms: number,
  ) {
    this.host = new Host(name, skew_ms);
    world.hosts.push(this.host);
    world.servers.set(this.host, this);
    this.loop('validate', (actor) => this.validate(actor));
    this.loop('execute', (actor) => this.execute(actor));
    this.settler = this.callSettler();
    this.collect('collect', this.flushes, async (_actor, acts) => acts.forEach((act) => act()));
    this.keepLeases();
    if (!world.temper.webhooks) return;
    this.loop('deliver', (actor) => this.deliver(actor));
    this.collect('report', this.apart, (actor, group) => this.settleApart(actor, group));
  }

  /** Does a round whenever something may be due. A fault ends the round, as in the real loop, and the next one begins. */
  private loop(topic: Topic, round: (actor: Actor) => Promise<number>): void {
    const { stage, awake } = this.world;
    const bed = `${this.host.name}.${topic}`;
    awake.add(bed);
    stage.enter(this.host, topic, async (actor) => {
      for (;;) {
        await stage.pause(actor, { point: 'asleep', until: () => awake.has(bed) });
        awake.delete(bed);
        // What is still due is found again by the poll: see `Director.wakeWhatIsDue`.
        const found = await this.survive(() => round(actor));
        if (found !== 0) this.world.changes += 1;
      }
    });
  }

  /** Writes results in groups: whatever came together. */
  private collect<One>(name: string, queue: One[], settle: (actor: Actor, group: One[]) => Promise<void>): void {
    const { stage } = this.world;
    stage.enter(this.host, name, async (actor) => {
      for (;;) {
        await stage.pause(actor, { point: 'collecting', until: () => queue.length > 0 });
        const group = queue.splice(0);
        await settle(actor, group);
      }
    });
  }

  /** @returns what the work gave, or null where the database failed under it. */
  private async survive<Result>(work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      if (isUnanswered(error)) return null;
      throw error;
    }
  }

  private async validate(actor: Actor): Promise<number> {
    actor.steps = ['validate.take', 'validate.settle'];
    const taken = await this.world.engine.validate.execute();
    this.world.stage.trace(`${actor.name} judged ${taken}`);
    return taken;
  }

  private async execute(actor: Actor): Promise<number> {
    const { engine, stage, connectorId } = this.world;
    actor.steps = [];
    const rows = await engine.transactions.asEngine((tx) => engine.connectors.all(tx));
    const row = rows.find(({ id }) => id === connectorId);
    if (row === undefined) throw new Error('the connector of the run is gone');
    const open = engine.registry.fromRow(row);
    // What a process that has not heard of a quarantine yet may claim: the statements themselves have to hold it back.
    const restraint = { busy_ms: row.busy_ms, breaker: row.breaker, quarantined: false, paused: open.paused !== null };
    const allowance = allowanceOf(EVERY_PLACE, restraint, stage.now_ms);
    if (stage.now_ms < allowance.from) return 0;
    const { capabilities } = open;
    const idle = this.held.size === 0;
    actor.steps = idle && allowance.maySend === 'probe' ? [...PROBING] : ['claim', 'claim.due'];
    actor.began_ms.clear();
    const { claimed } = await engine.claims.execute({ connectorId, capabilities, limit: CLAIM_MAX, allowance, idle });
    const probed_ms = actor.began_ms.get('probe');
    const probes = probed_ms !== undefined && claimed.some(({ action }) => action === 'send');
    if (probes) stage.trace(`${actor.name} probes`);
    actor.began_ms.delete('probe');
    for (const one of claimed) this.take(actor, one, probes ? probed_ms + capabilities.timeout_ms : null);
    return claimed.length;
  }

  private take(actor: Actor, claimed: Claimed, probeEnd_ms: number | null): void {
    const { stage, claims } = this.world;
    const began = [...actor.began_ms.values()];
    // The looks come first, and the process measures from before them.
    const leaseEnd_ms = (actor.began_ms.get('claim') ?? 0) + LEASE_MS;
    const { payoutId, claimNo, action } = claimed;
    const note = {
      payoutId,
      claimNo,
      host: this.host.name,
      at_ms: Math.max(...began),
      leaseEnd_ms,
      order: this.world.order(),
      probeEnd_ms,
    };
    claims.push(note);
    this.held.set(claimed, note);
    const name = stage.nameOf('payout', payoutId);
    stage.trace(`${actor.name} claimed ${name} to ${action} (claim ${claimNo})`);
    stage.enter(this.host, `${action}(${name})`, async (caller) => {
      caller.claim = note;
      const call = this.world.bug.callProvider ?? callProvider;
      const result = await call(this.world.engine.connector, claimed, this.world.bug.clock ?? this.world.engine.clock);
      this.held.delete(claimed);
      this.settler.push(result);
    });
  }

  /** As the job of the cluster: the provider's list against our books. */
  reconcile(): void {
    const { engine, stage, connectorId } = this.world;
    stage.enter(this.host, 'reconcile', async (actor) => {
      actor.steps = [];
      const [row] = await engine.read<ConnectorEntity & Record<string, unknown>>(`SELECT * FROM connector WHERE id = $1`, [
        connectorId,
      ]);
      if (row === undefined) return;
      actor.steps = ['reconcile'];
      const compared = await this.survive(() =>
        engine.reconcile.compare(engine.registry.fromRow(row), new Date(stage.start_ms - 1)),
      );
      stage.trace(`${actor.name} compared: ${compared?.kind ?? 'lost'}`);
    });
  }

  /** As the loop of the quarantine, every now and then. */
  compareInQuarantine(): void {
    const { engine, stage } = this.world;
    stage.enter(this.host, 'quarantine', async (actor) => {
      actor.steps = ['quarantine'];
      await this.survive(() => engine.quarantine.compare());
      stage.trace(`${actor.name} compared: ${(await this.world.isQuarantined()) ? 'it goes on' : 'it is over'}`);
      this.world.changes += 1;
    });
  }

  private keepLeases(): void {
    const { stage } = this.world;
    stage.enter(this.host, 'renew', async (actor) => {
      for (let last_ms = stage.now_ms; ; last_ms = stage.now_ms) {
        await stage.pause(actor, { point: 'keeping', until: () => this.held.size > 0 && stage.now_ms >= last_ms + LEASE_MS / 3 });
        await this.survive(() => this.renew(actor));
      }
    });
  }

  /** As the pipeline's timer: whatever it holds is kept, for as long as it is not taken over. */
  private async renew(actor: Actor): Promise<void> {
    const held = [...this.held.keys()];
    const { engine, stage } = this.world;
    actor.steps = ['renew'];
    const { kept, leaseEnds } = await engine.leases.execute(held);
    const leaseEnd_ms = (actor.began_ms.get('renew') ?? stage.now_ms) + LEASE_MS;
    for (const [claimed, note] of this.held) {
      if (!held.includes(claimed) || !kept.has(claimed)) continue;
      claimed.leaseEnds = leaseEnds;
      note.leaseEnd_ms = leaseEnd_ms;
    }
    stage.trace(`${actor.name} renewed ${kept.size} of ${held.length}`);
  }

  /** The engine's own settler. Each of its transactions, and each of its waits, is an actor of this server. */
  private callSettler(): CallSettler {
    const { engine, stage, connectorId } = this.world;
    return new CallSettler({
      connectorId,
      transactions: {
        asEngine: async (work) => {
          const result = await stage.perform(this.host, 'settle', (actor) => {
            actor.steps = ['settle'];
            return engine.transactions.asEngine(work);
          });
          this.world.changes += 1;
          return result;
        },
      },
      settle: { execute: (tx, findings) => this.settle(tx, findings) },
      connectors: engine.connectors,
      traffic: engine.traffic,
      metrics: {
        resultDropped: () => this.world.countFault('result dropped'),
        breakerOpened: () => this.world.countFault('breaker opened'),
        countSettled: () => undefined,
      },
      pace: {
        soon: (act) => void this.flushes.push(act),
        wait: (ms) => stage.perform(this.host, 'settle', (actor) => actor.wait(ms)),
      },
    });
  }

  private async settle(tx: Tx, findings: readonly Finding[]): Promise<ReadonlySet<string>> {
    const { engine, stage, bug } = this.world;
    const planted = findings.map((finding) => {
      const claimNo = bug.claimNo?.(finding.claimNo);
      return claimNo === undefined ? finding : { ...finding, claimNo };
    });
    const settled = await engine.settle.execute(tx, planted);
    const actor = currentActor();
    if (actor === null) throw new Error('a settle outside of any actor');
    actor.committed = () => {
      this.note(findings, settled);
      stage.trace(`${actor.name} settled ${settled.size} of ${findings.length}`);
    };
    return settled;
  }

  private note(findings: readonly Finding[], settled: ReadonlySet<string>): void {
    const { settles, stage } = this.world;
    for (const { payoutId, claimNo } of findings) {
      // Of two results about one payout in one group it was the newer one.
      const newer = findings.some((other) => other.payoutId === payoutId && (other.claimNo ?? 0) > (claimNo ?? 0));
      settles.push({
        payoutId,
        claimNo,
        counted: settled.has(payoutId) && !newer,
        at_ms: stage.now_ms,
        order: this.world.order(),
      });
    }
  }

  private async deliver(actor: Actor): Promise<number> {
    const { engine, stage } = this.world;
    const settling = this.ended.splice(0);
    actor.steps = ['deliver.round'];
    actor.began_ms.clear();
    const places = new Places(DELIVERIES_MAX);
    try {
      const { counted, held, claimed } = await engine.transactions.asEngineConfirmed((tx) =>
        engine.settleAndClaim.execute(tx, { settling, ended: this.ended, places }),
      );
      const at_ms = actor.began_ms.get('deliver.round') ?? stage.now_ms;
      this.apart.push(...held);
      if (settling.length > 0) this.noteSettled(actor, settling, counted);
      if (claimed.length > 0) stage.trace(`${actor.name} claimed ${claimed.length} deliveries`);
      // A claim answers in no order of its own.
      for (const one of claimed.toSorted((a, b) => (a.id < b.id ? -1 : 1))) this.post(one, at_ms);
      return settling.length + claimed.length;
    } catch (error) {
      this.apart.push(...settling);
      throw error;
    }
  }

  private post(delivery: ClaimedDelivery, at_ms: number): void {
    const { stage, engine } = this.world;
    stage.enter(this.host, `post(${stage.nameOf('delivery', delivery.id)})`, async () => {
      // The dispatcher measures by the clock of its process: the stage's time since the claim, on that clock.
      const waited_ms = stage.now_ms - at_ms;
      const sent = await engine.deliver.execute(delivery, performance.now() - waited_ms);
      if (sent === null) return;
      // As what is settled beside a round: of lanes that do not answer, of rounds that failed, of a server that stops.
      if (this.world.random.chance(0.2)) return void this.apart.push(sent);
      this.ended.push(sent);
      this.world.awake.add(`${this.host.name}.deliver`);
    });
  }

  private async settleApart(actor: Actor, sent: readonly SentDelivery[]): Promise<void> {
    const { engine } = this.world;
    for (;;) {
      actor.steps = ['deliver.settle'];
      try {
        const counted = await engine.transactions.asEngine((tx) => engine.settleDeliveries.execute(tx, sent));
        this.noteSettled(actor, sent, counted);
        return;
      } catch (error) {
        if (!isUnanswered(error)) throw error;
      }
    }
  }

  private noteSettled(actor: Actor, sent: readonly SentDelivery[], counted: readonly SentDelivery[]): void {
    this.world.stage.trace(`${actor.name} settled ${counted.length} of ${sent.length} deliveries`);
    this.world.changes += 1;
    this.world.wake('deliver');
  }
}

const LEASE_MS = 60_000;
