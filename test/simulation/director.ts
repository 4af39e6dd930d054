import { Agenda } from './agenda.js';
import { readEvidence } from './evidence.js';
import { judge, type Violation } from './invariants.js';
import { Merchants } from './merchants.js';
import { Operator } from './operator.js';
import { Server } from './server.js';
import type { Actor, Fate } from './stage.js';
import type { World } from './world.js';

/** A healed run that needs more than this comes to no rest. */
const HEALED_STEPS_MAX = 6_000;
const SERVERS = 2;
/** As often as the engine's own loop compares the books in quarantine. */
const QUARANTINE_LOOK_MS = 5_000;
const SKEW_MAX_MS = 600_000;

/** Decides everything that is left to chance: who goes on, who dies, what is lost, and how far time moves. */
export class Director {
  payouts = 0;
  private readonly merchants: Merchants;
  private readonly operator: Operator;
  private readonly agenda: Agenda;
  private servers = 0;
  private lookedAt = '';
  private passes: number;
  private comparedAtLast = false;
  private quarantined = false;

  constructor(private readonly world: World) {
    this.merchants = new Merchants(world);
    this.operator = new Operator(world);
    this.agenda = new Agenda(world);
    this.passes = world.random.between(0, 1);
  }

  async play(): Promise<Violation[]> {
    const { world } = this;
    world.stage.trace(`temper ${JSON.stringify(world.temper)}`);
    await this.merchants.enter();
    for (let number = 0; number < SERVERS; number += 1) this.startServer();
    while (world.stage.steps < world.temper.roughSteps && (await this.step()));
    await this.heal();
    const healedAt = world.stage.steps;
    const isLate = (): boolean => world.stage.steps - healedAt > HEALED_STEPS_MAX;
    while (!isLate() && (await this.step()));
    await this.sendHome();
    const evidence = await readEvidence(world, this.merchants.wishes);
    this.payouts = evidence.payouts.length;
    const unrest = { invariant: 2, subject: 'the run', detail: `is not at rest after ${HEALED_STEPS_MAX} steps` };
    return [...this.faults(), ...(isLate() ? [unrest] : []), ...judge(evidence)];
  }

  private faults(): Violation[] {
    const { stage, unallowed } = this.world;
    const thrown = stage.faults.map(
      (fault) => `threw ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}`,
    );
    return [...thrown, ...unallowed].map((detail) => ({ invariant: 0, subject: 'the engine', detail }));
  }

  private startServer(): void {
    const { world } = this;
    this.servers += 1;
    const skew_ms = world.random.chance(0.5) ? 0 : world.random.between(-SKEW_MAX_MS, SKEW_MAX_MS);
    new Server(world, `w${this.servers}`, skew_ms);
  }

  /** @returns false where nothing is left to happen. */
  private async step(): Promise<boolean> {
    const { world } = this;
    const { stage, random } = world;
    stage.steps += 1;
    if (!this.world.healed) {
      if (random.chance(world.temper.leaps)) await this.leap();
      if (random.chance(world.temper.freezes)) this.freeze();
      if (world.hosts.filter(({ alive }) => alive).length < SERVERS && random.chance(0.2)) this.startServer();
    }
    await this.happenByItself();
    const ready = stage.ready();
    if (ready.length === 0) return this.leapToNext();
    const actor = random.pick(ready);
    await this.direct(actor);
    return true;
  }

  private async direct(actor: Actor): Promise<void> {
    const { world } = this;
    const point = actor.waiting?.point ?? '';
    if (this.mustDie(point)) {
      world.stage.trace(`${actor.host.name} is killed at ${point} of ${actor.name}`);
      world.killedAt.add(point);
      world.kills += 1;
      await world.stage.kill(actor.host);
      const at = world.hosts.indexOf(actor.host);
      if (at >= 0) world.hosts.splice(at, 1);
      return;
    }
    const fate = this.fateAt(point);
    if (fate !== 'go') world.countFault(fate);
    world.stage.trace(`${actor.name} at ${point}${fate === 'go' ? '' : ` (${fate})`}`);
    await world.stage.advance(actor, fate);
  }

  private mustDie(point: string): boolean {
    if (!point.includes(':') || this.world.healed) return false;
    if (point === this.world.aim) {
      this.passes -= 1;
      return this.passes === -1;
    }
    return this.world.random.chance(this.world.temper.kills);
  }

  private fateAt(point: string): Fate {
    const { random, temper } = this.world;
    const stop = point.split(':')[1];
    if (this.world.healed || !random.chance(temper.transactionFaults)) return 'go';
    if (stop === 'after_commit') return 'lose_acknowledgement';
    if (stop === 'inside' || stop === 'before_commit') return random.chance(0.7) ? 'conflict' : 'lose_connection';
    return 'go';
  }

  private freeze(): void {
    const { hosts, stage, random } = this.world;
    const candidates = hosts.filter((host) => ![...stage.actors].some((actor) => actor.host === host && actor.inTransaction));
    if (candidates.length === 0) return;
    const host = random.pick(candidates);
    const span_ms = random.pick([5_000, 30_000, 65_000, 200_000]);
    host.frozenUntil_ms = stage.now_ms + span_ms;
    this.world.freezes += 1;
    stage.trace(`${host.name} freezes for ${span_ms / 1000} s`);
  }

  /** What the outside does: late requests arrive, notifications come, refused payouts are retried, operators resume. */
  private async happenByItself(): Promise<void> {
    const { provider, random, stage, temper } = this.world;
    if (provider.late.length > 0 && random.chance(0.1)) {
      const one = random.pick(provider.late);
      provider.late.splice(provider.late.indexOf(one), 1);
      provider.deliver(one);
    }
    const ripe = provider.notifications.filter(({ notBefore_ms }) => notBefore_ms <= stage.now_ms);
    if (ripe.length > 0 && (this.world.healed || random.chance(0.15))) {
      const one = random.pick(ripe);
      provider.notifications.splice(provider.notifications.indexOf(one), 1);
      this.world.notify(one.notification);
    }
    if (random.chance(0.01)) await this.operator.resumeConnector();
    if (random.chance(0.01)) await this.merchants.openRetries();
    if (random.chance(0.01)) await this.world.audit();
    if (random.chance(this.world.temper.reviews)) await this.operator.resolveOne();
    if (random.chance(0.01)) this.compareBooks();
    if (this.quarantined && random.chance(0.03)) this.compareInQuarantine();
    if (!this.world.healed && temper.quarantines && !this.quarantined && random.chance(0.01)) await this.enterQuarantine();
    if (!this.world.healed && temper.provider.robbed && random.chance(0.005)) provider.payStranger();
  }

  /** Time moves: a little, to the next thing that is due, past a lease, or past what a provider remembers. */
  private async leap(): Promise<void> {
    const { random, stage, temper } = this.world;
    const kind = random.weighted({ little: 5, second: 4, next: 4, lease: 1.5, retention: 0.3 });
    switch (kind) {
      case 'little':
        return this.moveTo(stage.now_ms + random.between(1, 500));
      case 'second':
        return this.moveTo(stage.now_ms + random.between(500, 12_000));
      case 'next': {
        const next = await this.nextDue();
        return next === null ? undefined : this.moveTo(next);
      }
      case 'lease':
        return this.moveTo(stage.now_ms + 60_000 + random.between(0, 5_000));
      case 'retention':
        return this.moveTo(stage.now_ms + Math.round(temper.provider.keyRetention_ms * (0.5 + random.next())));
    }
  }

  private async moveTo(now_ms: number): Promise<void> {
    const { stage, provider } = this.world;
    if (now_ms <= stage.now_ms) return;
    // What can wait no longer arrives on the way there, at its own instant.
    for (const one of provider.late.filter(({ until_ms }) => until_ms <= now_ms).sort((a, b) => a.until_ms - b.until_ms)) {
      provider.late.splice(provider.late.indexOf(one), 1);
      stage.now_ms = Math.max(stage.now_ms, one.until_ms - 1);
      provider.deliver(one);
    }
    stage.now_ms = Math.max(stage.now_ms, now_ms);
    stage.trace('time moves');
    await this.wakeWhatIsDue();
  }

  private async leapToNext(): Promise<boolean> {
    if (this.world.healed) await this.operator.resumeConnector();
    if (await this.wakeWhatIsDue()) return true;
    if (this.quarantined && (await this.world.isQuarantined())) {
      this.compareInQuarantine();
      await this.moveTo(this.world.stage.now_ms + QUARANTINE_LOOK_MS);
      return true;
    }
    const next = await this.nextDue();
    if (next === null) return (await this.merchants.openRetries()) || this.compareAtLast();
    await this.moveTo(next);
    return true;
  }

  /** The job of the cluster: one server at a time. */
  private compareBooks(): void {
    const { hosts, servers, random, stage } = this.world;
    const busy = [...stage.actors].some(({ name }) => name.endsWith('.reconcile'));
    const alive = hosts.filter((host) => host.alive);
    if (!busy && alive.length > 0) servers.get(random.pick(alive))?.reconcile();
  }

  /** What an operator does after a fail-over: all processes end, and start anew with sending off. */
  private async enterQuarantine(): Promise<void> {
    const { hosts, stage, engine } = this.world;
    this.quarantined = true;
    for (const host of hosts.splice(0)) await stage.kill(host);
    await engine.transactions.asEngine((tx) => engine.quarantineRepository.enter(tx));
    stage.trace('the servers start in quarantine');
    for (let number = 0; number < SERVERS; number += 1) this.startServer();
  }

  private compareInQuarantine(): void {
    const { hosts, servers, random, stage } = this.world;
    const busy = [...stage.actors].some(({ name }) => name.endsWith('.quarantine'));
    if (!busy && hosts.length > 0) servers.get(random.pick(hosts))?.compareInQuarantine();
  }

  /** Nothing rests before the books have been compared once more. @returns whether that is still to happen. */
  private compareAtLast(): boolean {
    if (!this.world.healed || this.comparedAtLast) return false;
    this.comparedAtLast = true;
    this.compareBooks();
    return true;
  }

  private async nextDue(): Promise<number | null> {
    const { stage, provider } = this.world;
    const { next_ms } = await this.agenda.lookAhead();
    const instants = next_ms === null ? [] : [next_ms];
    for (const { waiting, host } of stage.actors) instants.push(Math.max(waiting?.notBefore_ms ?? 0, host.frozenUntil_ms));
    for (const { notBefore_ms } of provider.notifications) instants.push(notBefore_ms);
    for (const { until_ms } of provider.late) instants.push(until_ms);
    const future = instants.filter((instant) => instant > stage.now_ms);
    return future.length === 0 ? null : Math.min(...future);
  }

  /** As the poll of a real loop: what is due is looked for even where nobody said so, once for each change. */
  private async wakeWhatIsDue(): Promise<boolean> {
    const { world } = this;
    const state = `${world.stage.now_ms}:${world.changes}`;
    if (this.lookedAt === state) return false;
    this.lookedAt = state;
    const { due } = await this.agenda.lookAhead();
    for (const topic of due) world.wake(topic);
    return due.length > 0 && world.stage.ready().length > 0;
  }

  private async heal(): Promise<void> {
    const { world } = this;
    world.healed = true;
    world.stage.trace('everything heals');
    for (const host of world.hosts) host.frozenUntil_ms = 0;
    for (const actor of world.stage.actors) actor.host.frozenUntil_ms = 0;
    while (world.hosts.filter(({ alive }) => alive).length < SERVERS) this.startServer();
    world.provider.announceAll();
    await this.operator.resumeConnector();
    await this.merchants.resumeBulks();
    for (const topic of ['validate', 'execute', 'deliver'] as const) world.wake(topic);
  }

  /** The loops of the servers never end by themselves. */
  private async sendHome(): Promise<void> {
    for (const host of new Set([...this.world.stage.actors].map((actor) => actor.host))) await this.world.stage.kill(host);
  }
}
