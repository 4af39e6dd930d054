import { Inject, Injectable } from '@nestjs/common';
import { isNativeError } from 'node:util/types';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { Tx } from './tx.js';

/** Serialization failure, deadlock, lock not available: nothing was committed and the same work may simply be tried again. */
const CONFLICT_CODES = new Set(['40001', '40P01', '55P03']);
/** The server ended or refused the connection (administrator, crash recovery, start-up, too many clients). */
const CONNECTION_CODES = new Set(['57P01', '57P02', '57P03', '08000', '08001', '08003', '08004', '08006', '53300', '25P03']);
/** Six tries with full jitter up to 50, 100, … 800 ms: longer than any of our transactions, shorter than a caller's patience. */
const TRIES_MAX = 6;
const BACKOFF_MS = 50;
/** A server that restarts is back within this; what a confirmed commit holds is leased for longer. */
const CONFIRM_WITHIN_MS = 20_000;

/**
 * The COMMIT was sent and its answer never came: the work may or may not be done. Callers read again; nobody compensates.
 */
export class CommitOutcomeUnknownError extends Error {
  constructor(cause: unknown) {
    super('the connection was lost while the transaction was being committed; read again to learn whether it was', { cause });
  }
}

/** Where this database error says that another try of the whole transaction may succeed. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return (code !== undefined && CONFLICT_CODES.has(code)) || isConnectionLost(error);
}

/** Where the statement would have made a second row of what may be there once; only the index knows what others commit meanwhile. */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === '23505';

/** Where the login has not the right to it. */
export const mayNot = (error: unknown): boolean => codeOf(error) === '42501';

/** What the server said: TypeORM wraps it where its own statements (BEGIN and COMMIT among them) fail. */
const saidBy = (error: unknown): unknown => (error instanceof QueryFailedError ? error.driverError : error);

function codeOf(thrown: unknown): string | undefined {
  const error = saidBy(thrown);
  return error instanceof DatabaseError ? error.code : undefined;
}

export function isConnectionLost(thrown: unknown): boolean {
  const error = saidBy(thrown);
  if (error instanceof DatabaseError) return error.code !== undefined && CONNECTION_CODES.has(error.code);
  if (!isNativeError(error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (
    code === 'ECONNRESET' ||
    code === 'ECONNREFUSED' ||
    code === 'EPIPE' ||
    code === 'ETIMEDOUT' ||
    code === 'ENOENT' ||
    /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      error.message,
    )
  );
}

/** The database gave no answer that says what became of the work: whoever writes under a fence may write it once more. */
export const isUnanswered = (error: unknown): boolean => error instanceof CommitOutcomeUnknownError || isConnectionLost(error);

/** Injection token of the data source whose sessions work for merchants; the engine's is TypeORM's own. */
export const MERCHANTS_DATA_SOURCE = Symbol('MERCHANTS_DATA_SOURCE');

/** Begins, commits and retries transactions; the only way to the database. */
@Injectable()
export class Transactions {
  constructor(
    @Inject(DataSource) private readonly engine: DataSource,
    @Inject(MERCHANTS_DATA_SOURCE) private readonly merchants: DataSource,
  ) {}

  /** How the connections of this process stand at this moment. */
  pool(): { readonly busy: number; readonly idle: number; readonly waiting: number } {
    const pools = [this.engine, this.merchants].map(({ driver }) => (driver as unknown as { readonly master: Pool }).master);
    const sum = (count: (pool: Pool) => number): number => pools.reduce((total, pool) => total + count(pool), 0);
    const idle = sum(({ idleCount }) => idleCount);
    return { busy: sum(({ totalCount }) => totalCount) - idle, idle, waiting: sum(({ waitingCount }) => waitingCount) };
  }

  /** A transaction of the engine itself: sees every merchant. */
  asEngine<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    return this.run(null, work);
  }

  /** A transaction on behalf of one merchant, whose id the database knows from its first statement on: it sees no other's rows. */
  asMerchant<Result>(merchantId: string, work: (tx: Tx) => Promise<Result>): Promise<Result> {
    return this.run(merchantId, work);
  }

  /**
   * The same for claims: where nobody acknowledges the commit, the server is asked whether it was committed, and if so the
   * result is given as if nothing had happened. Else what was claimed waits for the end of a lease that nobody uses.
   */
  async asEngineConfirmed<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    let last = null as { readonly tx: Tx; readonly id: string | null; readonly result: Result } | null;
    try {
      return await this.asEngine(async (tx) => {
        tx.keepNumber();
        const result = await work(tx);
        last = { tx, id: await tx.id(), result };
        return result;
      });
    } catch (error) {
      if (last === null || !(error instanceof CommitOutcomeUnknownError)) throw error;
      // Work without an id has written nothing that could be missing.
      if (last.id !== null && !(await this.wasCommitted(last.id))) throw error;
      last.tx.runAfterCommit();
      return last.result;
    }
  }

  /**
   * What became of a transaction whose commit nobody has acknowledged. A server that still works on it, or is away, is asked
   * again for a while.
   * @returns false also where that can not be told; then it must be taken as if it were not ours.
   */
  private async wasCommitted(transactionId: string): Promise<boolean> {
    for (let [tries, ends] = [1, performance.now() + CONFIRM_WITHIN_MS]; performance.now() < ends; tries += 1) {
      try {
        const row = await this.run(null, (tx) =>
          tx.one<{ status: string | null }>('SELECT pg_xact_status($1::xid8) AS status', [transactionId]),
        );
        if (row?.status !== 'in progress') return row?.status === 'committed';
      } catch (error) {
        if (!isUnanswered(error)) throw error;
      }
      await backOff(Math.min(tries, TRIES_MAX));
    }
    return false;
  }

  /**
   * Runs the work in one transaction, whole, again and again while the database says that nothing was committed and that
   * another try may succeed. So the work has no effect outside the transaction except through `tx.afterCommit`. What a unique
   * index refuses may have been committed by another meanwhile: the work is tried once more, and sees it.
   */
  private async run<Result>(merchantId: string | null, work: (tx: Tx) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.runOnce(merchantId, work, tries > 1);
      } catch (error) {
        const mayGoWell = isTransient(error) || (tries === 1 && isUniqueViolation(error));
        if (tries === TRIES_MAX || error instanceof CommitOutcomeUnknownError || !mayGoWell) throw error;
        await backOff(tries);
      }
    }
  }

  private async runOnce<Result>(merchantId: string | null, work: (tx: Tx) => Promise<Result>, isRetry: boolean): Promise<Result> {
    const runner = (merchantId === null ? this.engine : this.merchants).createQueryRunner();
    let broken: Error | undefined;
    try {
      const client = (await runner.connect()) as PoolClient;
      const tx = new Tx(client, runner.manager, merchantId, isRetry);
      let result: Result;
      try {
        const begun = tx.begin();
        result = await work(tx);
        await begun;
        if (tx.isAborted()) throw new Error('a statement of this transaction failed and its error was swallowed');
      } catch (error) {
        if (isConnectionLost(error)) broken = error as Error;
        else await tx.rollback().catch((failure: unknown) => (broken = failure as Error));
        throw error;
      }
      try {
        await tx.commit();
      } catch (error) {
        if (!isConnectionLost(error)) throw error;
        broken = error as Error;
        // A line that was lost before COMMIT was sent took the transaction with it.
        if (isUnsent(error)) throw error;
        throw new CommitOutcomeUnknownError(error);
      }
      tx.runAfterCommit();
      return result;
    } finally {
      await release(runner, broken);
    }
  }
}

/** The client knew that its line was lost, and sent nothing. */
const isUnsent = (error: unknown): boolean => isNativeError(error) && error.message.includes('is not queryable');

const backOff = (tries: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * BACKOFF_MS * 2 ** (tries - 1)));

/**
 * TypeORM's public `release` has no word for a broken connection, and the pool would lend it out again while its socket
 * closes; the method behind it has.
 */
function release(runner: QueryRunner, broken: Error | undefined): Promise<void> {
  return (runner as unknown as { releasePostgresConnection(error?: Error): Promise<void> }).releasePostgresConnection(broken);
}
