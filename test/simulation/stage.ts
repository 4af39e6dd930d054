import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import type { Random } from './random.js';

/** What the director lets happen to an actor at the point where it stands. */
export type Fate = 'go' | 'lose_connection' | 'conflict' | 'lose_acknowledgement';

/** An actor of a server that was killed: it unwinds without effect, since every door throws this again. */
export class Killed extends Error {}

/** One server of ours. Killing it ends its actors for good; a successor starts with nothing but the database. */
export class Host {
  alive = true;
  frozenUntil_ms = 0;

  constructor(
    readonly name: string,
    /** How far its own clocks are from the database's. */
    readonly skew_ms: number,
  ) {}
}

export interface Waiting {
  readonly point: string;
  /** Not before this instant, and not before this holds. */
  readonly notBefore_ms?: number;
  readonly until?: () => boolean;
}

/** One sequential activity of a host: the real engine's code between two points. */
export class Actor {
  waiting: Waiting | null = null;
  ended = false;
  /** Holds a transaction open; at most one waiting actor does. */
  inTransaction = false;
  /** Somebody waits for its locks: it goes on without a stop until its transaction ends. */
  hurried = false;
  blocked = false;
  /** What the transactions are called that it opens next, in order; the last name stays. */
  steps: string[] = [];
  /** Told when its transaction is committed, whether or not it learns of that itself. */
  committed: (() => void) | null = null;
  /** The database's time in its latest transaction of each step. */
  readonly began_ms = new Map<string, number>();
  /** What it calls the provider for: the number and the end of its claim. */
  claim: { readonly claimNo: number; readonly leaseEnd_ms: number; readonly probeEnd_ms: number | null } | null = null;
  turn: PromiseWithResolvers<void> | null = null;
  resume: PromiseWithResolvers<Fate> | null = null;
  free: PromiseWithResolvers<void> | null = null;
  done: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly host: Host,
    readonly stage: Stage,
  ) {}

  /** Lets so much of the stage's time go by. */
  async wait(ms: number): Promise<void> {
    await this.stage.pause(this, { point: 'waits', notBefore_ms: this.stage.now_ms + ms });
  }
}

const acting = new AsyncLocalStorage<Actor>();

/** The actor whose code is running, or null outside of any. */
export const currentActor = (): Actor | null => acting.getStore() ?? null;

/** The engine's jitter is small here: it would only make a try after a conflict wait in real time. */
const JITTER_SHARE = 1 / 32;
let jitterIsStaged = false;

/** Makes `Math.random` of every actor a draw of its own stage; all others keep the real one. */
export function stageJitter(): void {
  if (jitterIsStaged) return;
  jitterIsStaged = true;
  const real = Math.random.bind(Math);
  Math.random = () => (currentActor()?.stage.jitter.next() ?? real() / JITTER_SHARE) * JITTER_SHARE;
}

function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve: PromiseWithResolvers<Value>['resolve'] = () => undefined;
  let reject: PromiseWithResolvers<Value>['reject'] = () => undefined;
  const promise = new Promise<Value>((ok, no) => {
    resolve = ok;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

interface PromiseWithResolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Where the actors of one run stand. One acts at a time, from point to point, so that the order is the director's alone
 * and a seed makes the same run again. Its time is the only time: it moves when the director moves it.
 */
export class Stage {
  readonly actors = new Set<Actor>();
  readonly lines: string[] = [];
  readonly faults: unknown[] = [];
  private readonly digest = createHash('sha256');
  private readonly names = new Map<string, string>();
  private readonly kinds = new Map<string, number>();
  steps = 0;
  now_ms: number;

  constructor(
    readonly start_ms: number,
    readonly jitter: Random,
    private readonly keepLines: boolean,
  ) {
    this.now_ms = start_ms;
  }

  /** Writes a line of the trace. No random id may get into it: see `nameOf`. */
  trace(line: string): void {
    const text = `${((this.now_ms - this.start_ms) / 1000).toFixed(3)} ${line}`;
    this.digest.update(`${text}\n`);
    if (this.keepLines) this.lines.push(text);
  }

  hash(): string {
    return this.digest.copy().digest('hex').slice(0, 16);
  }

  /** The same short name for the same id, numbered in the order in which they are met. */
  nameOf(kind: string, id: string): string {
    const known = this.names.get(id);
    if (known !== undefined) return known;
    const number = (this.kinds.get(kind) ?? 0) + 1;
    this.kinds.set(kind, number);
    this.names.set(id, `${kind}${number}`);
    return `${kind}${number}`;
  }

  /** A new actor, which waits at its start. */
  enter(host: Host, name: string, body: (actor: Actor) => Promise<void>): Actor {
    const actor = new Actor(`${host.name}.${name}`, host, this);
    actor.waiting = { point: 'start' };
    actor.resume = withResolvers();
    const started = actor.resume.promise;
    this.actors.add(actor);
    actor.done = acting.run(actor, async () => {
      try {
        await started;
        await body(actor);
      } catch (error) {
        if (!(error instanceof Killed)) this.faults.push(error);
      } finally {
        actor.ended = true;
        actor.waiting = null;
        this.actors.delete(actor);
        actor.turn?.resolve();
      }
    });
    return actor;
  }

  /** What an actor of this server does, for code that waits for it. What belongs to a dead server waits for ever. */
  perform<Result>(host: Host, name: string, body: (actor: Actor) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!host.alive) return;
      this.enter(host, name, async (actor) => {
        try {
          resolve(await body(actor));
        } catch (error) {
          if (error instanceof Killed) throw error;
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the body has thrown
          reject(error);
        }
      });
    });
  }

  /** Called by an actor at a point: gives the turn back and resolves with its fate when it gets the next one. */
  async pause(actor: Actor, waiting: Waiting): Promise<Fate> {
    if (!actor.host.alive) throw new Killed(waiting.point);
    actor.waiting = waiting;
    actor.resume = withResolvers();
    const resumed = actor.resume.promise;
    actor.turn?.resolve();
    return resumed;
  }

  /** Whether a transaction may be held open at this point: one at a time, so that a wait for a lock has one cause. */
  mayHold(actor: Actor): boolean {
    return !actor.hurried && this.holder(actor) === null;
  }

  /** The other actor that waits with a transaction open. */
  holder(except: Actor): Actor | null {
    for (const actor of this.actors) if (actor !== except && actor.inTransaction) return actor;
    return null;
  }

  ready(): Actor[] {
    return [...this.actors].filter(({ waiting, host }) => {
      if (waiting === null || host.frozenUntil_ms > this.now_ms) return false;
      return (waiting.notBefore_ms ?? 0) <= this.now_ms && (waiting.until?.() ?? true);
    });
  }

  /** Lets one actor go on to its next point. Where it meets a lock, whoever holds that goes first. */
  async advance(actor: Actor, fate: Fate): Promise<void> {
    await this.giveTurn(actor, (resume) => resume.resolve(fate));
    while (actor.blocked) {
      const holder = this.holder(actor);
      if (holder === null) throw new Error(`${actor.name} waits for a lock that nobody holds`);
      this.trace(`${actor.name} waits for a lock of ${holder.name}`);
      holder.hurried = true;
      await this.advance(holder, 'go');
      await actor.free?.promise;
      await this.giveTurn(actor, (resume) => resume.resolve('go'));
    }
  }

  private async giveTurn(actor: Actor, act: (resume: PromiseWithResolvers<Fate>) => void): Promise<void> {
    const { resume } = actor;
    if (resume === null) throw new Error(`${actor.name} does not wait`);
    const turn = withResolvers<undefined>();
    actor.turn = turn as PromiseWithResolvers<void>;
    actor.waiting = null;
    actor.resume = null;
    act(resume);
    await turn.promise;
  }

  /** Called by an actor whose statement waits for a lock: gives the turn back until the statement has ended. */
  async yieldTo<Result>(actor: Actor, statement: Promise<Result>): Promise<Result> {
    actor.blocked = true;
    actor.free = withResolvers();
    actor.resume = withResolvers();
    const resumed = actor.resume.promise;
    actor.turn?.resolve();
    try {
      return await statement;
    } finally {
      actor.blocked = false;
      actor.free.resolve();
      await resumed;
    }
  }

  /** Ends a server at once, wherever its actors stand. What they had not committed is rolled back. */
  async kill(host: Host): Promise<void> {
    host.alive = false;
    for (const actor of [...this.actors].filter((each) => each.host === host)) {
      actor.waiting = null;
      actor.resume?.reject(new Killed(host.name));
      await actor.done;
    }
  }
}
