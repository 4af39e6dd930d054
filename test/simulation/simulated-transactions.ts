import { DatabaseError } from 'pg';
import type { DataSource } from 'typeorm';
import { CommitOutcomeUnknownError, isTransient, Transactions, type Tx } from '../../src/platform/database/index.js';
import { Problem } from '../../src/platform/http/index.js';
import type { Scene, Topic } from './scene.js';
import { currentActor, Killed, type Actor, type Fate } from './stage.js';

type Work<Result> = (tx: Tx) => Promise<Result>;

/** How long a statement may take before it is asked whether it waits for a lock. */
const LOOK_MS = 2;
/** Longer than `deadlock_timeout` of the simulation's database: who waited first has looked for a deadlock and found none. */
const DEADLOCK_LOOKED_FOR_MS = 6;

/**
 * The real transactions, with a stop before BEGIN, after one statement, before COMMIT and after it, the director's faults
 * at each, and the stage's time as the database's. Outside of an actor's named steps it only sets the time.
 */
export class SimulatedTransactions extends Transactions {
  constructor(
    private readonly source: DataSource,
    merchants: DataSource,
    private readonly world: () => Scene,
  ) {
    super(source, merchants);
  }

  override asEngine<Result>(work: Work<Result>): Promise<Result> {
    return this.staged((staged) => super.asEngine(staged), work);
  }

  override asMerchant<Result>(merchantId: string, work: Work<Result>): Promise<Result> {
    return this.staged((staged) => super.asMerchant(merchantId, staged), work);
  }

  private async staged<Result>(run: (work: Work<Result>) => Promise<Result>, work: Work<Result>): Promise<Result> {
    const actor = currentActor();
    const step = actor?.steps[0];
    if (actor === null || step === undefined) return this.unstaged(run, work);
    if (actor.steps.length > 1) actor.steps.shift();
    const world = this.world();
    await world.stop(actor, `${step}:before`);
    const topics = new Set<Topic>();
    const moved: MovedPayout[] = [];
    let tries = 0;
    let result: Result;
    try {
      result = await run(async (tx) => {
        topics.clear();
        moved.length = 0;
        tries += 1;
        if (tries > 1) await world.stop(actor, `${step}:before`);
        return this.inside(tx, { actor, step, topics, moved, work });
      });
    } catch (error) {
      // Workers log what they can not settle and go on: here nobody reads the log.
      if (!isExpected(error)) world.stage.faults.push(error);
      throw error;
    } finally {
      actor.inTransaction = false;
      actor.hurried = false;
    }
    world.commits += 1;
    world.committed(actor, topics);
    if (!step.startsWith('claim.'))
      world.freed.push(...moved.map(({ id, claim_no }) => ({ payoutId: id, claimNo: claim_no - 1 })));
    await world.bug.afterCommit?.(world, actor);
    const fate = await world.stop(actor, `${step}:after_commit`);
    if (fate === 'lose_acknowledgement') {
      world.unacknowledged.push(...moved.map(({ id, claim_no }) => ({ payoutId: id, claimNo: claim_no })));
      throw new CommitOutcomeUnknownError(new Error('the acknowledgement was lost'));
    }
    return result;
  }

  private async inside<Result>(tx: Tx, { actor, step, topics, moved, work }: Staging<Result>): Promise<Result> {
    const world = this.world();
    const query = tx.query.bind(tx);
    actor.committed = null;
    world.bug.began?.(actor);
    actor.began_ms.set(step, world.stage.now_ms);
    const pid = await setTime(query, world.stage.now_ms);
    const stopAfter = world.stopInside(actor, step);
    let statements = 0;
    // What was made together with the statement that met it meets it too.
    let fault: Promise<void> | null = null;
    const staged = async (text: string, values: readonly unknown[]) => {
      if (!actor.host.alive) throw new Killed(step);
      await fault;
      const planted = world.bug.statement?.({ text, values, actor, step }) ?? { text, values };
      if (planted === 'left_out' || planted.text !== text) world.planted = true;
      if (planted === 'left_out') return [];
      const rows = await this.unblocked(actor, pid, () => query(planted.text, planted.values));
      statements += 1;
      if (text.includes('UPDATE payout p SET\n')) moved.push(...(rows as unknown as MovedPayout[]));
      if (statements === stopAfter && world.stage.mayHold(actor)) {
        actor.inTransaction = true;
        fault = this.suffer(query, await world.stop(actor, `${step}:inside`));
        await fault;
        actor.inTransaction = false;
      }
      return rows;
    };
    // What is made together is stopped at one by one, in the order in which it would run.
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = (text: string, values: readonly unknown[] = []) => {
      const next = last.then(() => staged(text, values));
      last = next.catch(() => undefined);
      return next;
    };
    tx.query = inTurn as Tx['query'];
    // Wakes reach the loops of this world, not the servers of PostgreSQL's listeners.
    tx.wake = (topic) => {
      // Nobody has an event stream open here.
      if (topic !== 'follow') topics.add(topic);
    };
    // Whoever waits for a lock here lets its holder go first, however long that takes on this machine.
    tx.waitAtMost = () => Promise.resolve();
    const result = await work(tx);
    if (world.stopsBeforeCommit(actor, step)) {
      actor.inTransaction = true;
      await this.suffer(query, await world.stop(actor, `${step}:before_commit`));
    }
    return result;
  }

  /** What the network or the database does to an open transaction. */
  private async suffer(query: Tx['query'], fate: Fate): Promise<void> {
    if (fate === 'conflict')
      throw Object.assign(new DatabaseError('a conflict of the simulation', 0, 'error'), { code: '40001' });
    if (fate !== 'lose_connection') return;
    // The server would notice by itself, at an instant of its own; here it has noticed when the actor goes on.
    await query('ROLLBACK');
    throw new Error('Connection terminated unexpectedly');
  }

  /** The statement; while it waits for the lock of another actor, that one goes first. */
  private async unblocked<Result>(actor: Actor, pid: number, run: () => Promise<Result>): Promise<Result> {
    const { stage } = this.world();
    if (stage.holder(actor) === null || actor.hurried) return run();
    const statement = run();
    statement.catch(() => undefined);
    for (;;) {
      const ended = await Promise.race([statement.then(always, always), after(LOOK_MS)]);
      if (ended === true) return statement;
      if (!(await this.waitsForLock(pid))) continue;
      await after(DEADLOCK_LOOKED_FOR_MS);
      return stage.yieldTo(actor, statement);
    }
  }

  private async waitsForLock(pid: number): Promise<boolean> {
    const [row] = await this.source.query<{ blocked: boolean }[]>(`SELECT cardinality(pg_blocking_pids($1)) > 0 AS blocked`, [
      pid,
    ]);
    return row?.blocked === true;
  }

  private async unstaged<Result>(run: (work: Work<Result>) => Promise<Result>, work: Work<Result>): Promise<Result> {
    const result = await run(async (tx) => {
      await setTime(tx.query.bind(tx), this.world().stage.now_ms);
      return work(tx);
    });
    this.world().commits += 1;
    return result;
  }
}

interface MovedPayout {
  readonly id: string;
  readonly claim_no: number;
}

interface Staging<Result> {
  readonly actor: Actor;
  readonly step: string;
  readonly topics: Set<Topic>;
  /** The payouts that this try has written, and the fence that each has since. */
  readonly moved: MovedPayout[];
  readonly work: Work<Result>;
}

const isExpected = (error: unknown): boolean => error instanceof Killed || error instanceof Problem || isTransient(error);

const always = (): true => true;
const after = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, ms, undefined));

/** As `now()` does, the transaction keeps the instant of its begin. @returns the backend's number. */
async function setTime(query: Tx['query'], now_ms: number): Promise<number> {
  const [row] = await query<{ pid: number }>(`SELECT set_config('simulation.now', $1, true), pg_backend_pid() AS pid`, [
    new Date(now_ms).toISOString(),
  ]);
  return row?.pid ?? 0;
}

/** Puts the simulation's time in the place of the database's, and everything that is drawn there under its order. */
export const SIMULATION_FUNCTIONS = [
  `CREATE OR REPLACE FUNCTION tranche_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
   AS $$SELECT coalesce(nullif(current_setting('simulation.now', true), '')::timestamptz, now())$$`,
  `CREATE SEQUENCE IF NOT EXISTS simulation_uuid`,
  `GRANT USAGE ON SEQUENCE simulation_uuid TO tranche_api, tranche_worker`,
  `CREATE OR REPLACE FUNCTION tranche_uuid() RETURNS uuid LANGUAGE sql
   AS $$SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(nextval('simulation_uuid')), 12, '0'))::uuid$$`,
];
