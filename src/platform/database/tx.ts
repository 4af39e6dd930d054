import { createHash } from 'node:crypto';
import { DatabaseError, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';

const KNOW_MERCHANT = `SELECT set_config('tranche.merchant_id', $1, true)`;
const ASK_NUMBER = 'SELECT pg_current_xact_id_if_assigned()::text AS id';
const WAKE = `SELECT pg_notify('tranche', topic) FROM unnest($1::text[]) AS topic`;

/**
 * One open transaction, passed explicitly as the first argument of every write. Statements are prepared once per
 * connection under a name made of their text (1.5 to 1.7 times the rate of unnamed ones), so keep texts constant and let
 * parameters vary.
 */
export class Tx {
  private readonly afterCommitHooks: (() => void)[] = [];
  private readonly wakes = new Set<string>();
  private readonly notes: AuditNote[] = [];
  private savepoints = 0;
  private beginning: Promise<void> = Promise.resolve();
  private begun = false;
  private heldBack = false;
  /** Of a transaction that the server will be asked about. */
  private number: { answer: Promise<string | null>; known: boolean } | null = null;
  /** The first error of a statement: why everything behind it fails. */
  private cause: unknown = null;
  /** Its connection may serve another transaction, or none: what comes now must not reach it. */
  private ended = false;

  constructor(
    private readonly client: PoolClient,
    /** TypeORM's manager on the same connection: what is known of the schema and its migrations. */
    readonly manager: EntityManager,
    /** The merchant whose rows this transaction may see, or null for the engine itself. */
    readonly merchantId: string | null,
    /** The same work was begun before, and undone: it met a conflict or a unique index, waited too long for a lock, or lost its line. */
    readonly isRetry: boolean,
  ) {}

  /**
   * Statements that do not need one another's answers may be made together (`Promise.all`): they travel in one packet and run in
   * the order in which they were made. Where one fails, those behind it fail too, for the transaction is aborted.
   */
  async query<Row extends QueryResultRow = QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      const reads = onlyReads(text);
      if (!this.begun && (this.heldBack || !reads)) {
        this.heldBack = true;
        await this.beginning;
      }
      if (this.ended) throw new Error('a statement was made after its transaction had ended');
      const sent = this.send<Row>(text, values);
      if (!reads) this.askNumber();
      const [{ rows }] = await Promise.all([sent, this.beginning]);
      return rows;
    } catch (error) {
      this.cause ??= error;
      // Of statements made together a later one may be heard of first; whether to try again is said by the one that aborted them all.
      throw isAbortedBefore(error) ? this.cause : error;
    }
  }

  /**
   * For the transaction runner alone, before the work. Sends START TRANSACTION and does not wait: what only reads may travel with it,
   * and were it refused, nothing would have come of that. Whatever else is made, and all behind it, waits until it has begun.
   */
  begin(): Promise<void> {
    const started = this.send('START TRANSACTION');
    const told = this.merchantId === null ? null : this.send(KNOW_MERCHANT, [this.merchantId]);
    this.beginning = Promise.all([started, told]).then(() => {
      this.begun = true;
    });
    // Whoever waits for it hears of it; nobody has to.
    this.beginning.catch(() => undefined);
    return this.beginning;
  }

  private send<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<QueryResult<Row>> {
    return this.client.query<Row>({ name: statementName(text), text, values: [...values] });
  }

  /** Behind each statement that may have written, until one has. */
  private askNumber(): void {
    const { number } = this;
    if (number === null || number.known) return;
    number.answer = this.send<{ id: string | null }>(ASK_NUMBER).then(({ rows }) => {
      const id = rows[0]?.id ?? null;
      number.known ||= id !== null;
      return id;
    });
    number.answer.catch(() => undefined);
  }

  /**
   * For the transaction runner alone: COMMIT would not keep it, and would answer as if all were well. The server flushes an
   * error before it says in what state it leaves the transaction, so its word alone comes too late for whoever swallowed the
   * error.
   */
  isAborted(): boolean {
    return this.cause !== null || this.client.getTransactionStatus() !== 'T';
  }

  /**
   * Of the statements of this transaction the server uses the plan that it has kept. Else it compares what that one would cost now with
   * what those that it has thrown away would have cost when it made them: on a table that grows, planning anew seems cheaper each time.
   * Not for a statement with its LIMIT as a parameter: the plan that is kept is one for a tenth of the table.
   */
  async planOnce(): Promise<void> {
    await this.query(`SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`);
  }

  /** Milliseconds that each lock is waited for from now on; whoever waits longer is tried again, as after any conflict. */
  async waitAtMost(ms: number): Promise<void> {
    await this.query(`SELECT set_config('lock_timeout', $1, true)`, [String(ms)]);
  }

  /** The only row of the answer, or null where there is none. */
  async one<Row extends QueryResultRow = QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row | null> {
    const rows = await this.query<Row>(text, values);
    return rows[0] ?? null;
  }

  /** For the transaction runner alone: the server will be asked what became of it, so its number is asked for on the way. */
  keepNumber(): void {
    this.number = { answer: Promise.resolve(null), known: false };
  }

  /** By which the server knows it, known before COMMIT is sent; null where it has written nothing. */
  async id(): Promise<string | null> {
    return (await this.number?.answer) ?? null;
  }

  /**
   * Runs the work so that, where it throws, all it did in this transaction is undone, its wakes and hooks are forgotten,
   * and the transaction lives on. The error is thrown on.
   */
  async savepoint<Result>(work: () => Promise<Result>): Promise<Result> {
    const hooks = this.afterCommitHooks.length;
    const wakes = [...this.wakes];
    const notes = this.notes.length;
    // Names of their own: ROLLBACK TO goes to the latest of a name, which may be one inside the work that has succeeded.
    const name = `work_${++this.savepoints}`;
    await this.query(`SAVEPOINT ${name}`);
    try {
      return await work();
    } catch (error) {
      await this.query(`ROLLBACK TO SAVEPOINT ${name}`);
      this.cause = null;
      this.afterCommitHooks.length = hooks;
      this.notes.length = notes;
      this.wakes.clear();
      for (const topic of wakes) this.wakes.add(topic);
      throw error;
    }
  }

  /** Runs once the transaction is known to be committed; never after a rollback. For in-process effects only. */
  afterCommit(hook: () => void): void {
    this.afterCommitHooks.push(hook);
  }

  /** Wakes the workers of every process at commit: one NOTIFY per transaction and topic (one per row costs two thirds of the rate). */
  wake(topic: WakeTopic): void {
    this.wakes.add(topic);
  }

  /** What a use case has changed, for the audit entry of the request that it is the work of. */
  note(note: AuditNote): void {
    this.notes.push(note);
  }

  /** For whoever writes that entry: everything that was noted, as one. */
  noted(): AuditNote {
    return Object.assign({}, ...this.notes, { changes: this.notes.flatMap(({ changes }) => changes) }) as AuditNote;
  }

  /**
   * For the transaction runner alone: COMMIT, and with it the wakes, last of all, so that commits queue as briefly as possible.
   * Where those fail, COMMIT is answered and nothing is committed.
   */
  async commit(): Promise<void> {
    this.ended = true;
    const wakes = this.wakes.size === 0 ? null : this.send(WAKE, [[...this.wakes]]);
    const [woken, committed] = await Promise.allSettled([wakes, this.send('COMMIT')]);
    if (committed.status === 'rejected') throw committed.reason;
    if (woken.status === 'rejected') throw woken.reason;
    if (committed.value.command !== 'COMMIT') throw new Error(`COMMIT was answered by ${committed.value.command}`);
  }

  /** For the transaction runner alone. */
  async rollback(): Promise<void> {
    this.ended = true;
    await this.client.query('ROLLBACK');
  }

  /** For the transaction runner alone; each hook runs once, however often the commit is confirmed. */
  runAfterCommit(): void {
    for (const hook of this.afterCommitHooks.splice(0)) hook();
  }
}

/** One field that changed. Values of secrets, personal and account data are left out of it: null. */
export interface Change {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface AuditNote {
  readonly changes: readonly Change[];
  /** The id of what was changed, where the path of the request does not name it. */
  readonly subject?: string;
  /** Whose it is, where neither the key nor the subject says it. */
  readonly merchantId?: string;
}

/** What a sleeping worker, or an open event stream, can be woken for; the tables stay the truth, a lost wake costs at most one poll. */
export type WakeTopic = 'validate' | 'execute' | 'deliver' | 'backlog' | 'resend' | 'follow';

/** What begins so can hold no part that writes; the functions that ours call leave nothing behind outside a transaction. */
const onlyReads = (text: string): boolean => /^\s*SELECT\b/.test(text);

/** PostgreSQL's in_failed_sql_transaction: refused for what an earlier statement did. */
const isAbortedBefore = (error: unknown): boolean => error instanceof DatabaseError && error.code === '25P02';

const NAME_MAX = 40;
const names = new Map<string, string>();

/** A short text is its own name, so that a trace of the line shows COMMIT. */
function statementName(text: string): string {
  if (text.length <= NAME_MAX) return text;
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, NAME_MAX);
    names.set(text, name);
  }
  return name;
}
