import { createHash } from 'node:crypto';
import type { PoolClient, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';

/**
 * One open transaction, passed explicitly as the first argument of every write. Statements are prepared once per
 * connection under a name made of their text (1.5 to 1.7 times the rate of unnamed ones), so keep texts constant and let
 * parameters vary.
 */
export class Tx {
  private readonly afterCommitHooks: (() => void)[] = [];
  private readonly wakes = new Set<string>();
  private readonly notes: AuditNote[] = [];
  private failed = false;

  constructor(
    private readonly client: PoolClient,
    /** TypeORM's manager on the same connection: what is known of the schema and its migrations. */
    readonly manager: EntityManager,
    /** The merchant whose rows this transaction may see, or null for the engine itself. */
    readonly merchantId: string | null,
  ) {}

  async query<Row extends QueryResultRow = QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      const result = await this.client.query<Row>({ name: statementName(text), text, values: [...values] });
      return result.rows;
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }

  /**
   * For the transaction runner alone: COMMIT would not keep it, and would answer as if all were well. The server flushes an
   * error before it says in what state it leaves the transaction, so its word alone comes too late for whoever swallowed the
   * error.
   */
  isAborted(): boolean {
    return this.failed || this.client.getTransactionStatus() !== 'T';
  }

  /** The only row of the answer, or null where there is none. */
  async one<Row extends QueryResultRow = QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row | null> {
    const rows = await this.query<Row>(text, values);
    return rows[0] ?? null;
  }

  /** For the transaction runner alone: by which the server knows it; null where it has written and locked nothing. */
  async id(): Promise<string | null> {
    return (await this.one<{ id: string | null }>('SELECT pg_current_xact_id_if_assigned()::text AS id'))?.id ?? null;
  }

  /**
   * Runs the work so that, where it throws, all it did in this transaction is undone, its wakes and hooks are forgotten,
   * and the transaction lives on. The error is thrown on.
   */
  async savepoint<Result>(work: () => Promise<Result>): Promise<Result> {
    const hooks = this.afterCommitHooks.length;
    const wakes = [...this.wakes];
    const notes = this.notes.length;
    await this.query('SAVEPOINT work');
    try {
      return await work();
    } catch (error) {
      await this.query('ROLLBACK TO SAVEPOINT work');
      this.failed = false;
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

  /** For the transaction runner alone: sends the wakes as the last statement, so that commits queue as briefly as possible. */
  async sendWakes(): Promise<void> {
    if (this.wakes.size > 0)
      await this.query(`SELECT pg_notify('tranche', topic) FROM unnest($1::text[]) AS topic`, [[...this.wakes]]);
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

const names = new Map<string, string>();

function statementName(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, 40);
    names.set(text, name);
  }
  return name;
}
