import { setTimeout as wait } from 'node:timers/promises';
import { Client, type ClientConfig, DatabaseError } from 'pg';
import { DataSource, type DataSourceOptions, MigrationExecutor, type MixedList } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { liftFeed } from './lift-feed.js';
import { isConnectionLost } from './transactions.js';

/** NULLS NOT DISTINCT, `security_invoker` views and MERGE: we rely on 15 and run in tests on the embedded release. */
const OLDEST_MAJOR = 15;
/** Longer than any statement of ours (grouped ones take tens of milliseconds), shorter than a lease. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Whoever waits this long for a row waits for somebody who hangs; the transaction is tried again. */
const LOCK_TIMEOUT_MS = 10_000;
/** Between two statements of a transaction we only compute: a session idle for longer belongs to a process that froze. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;
/** The server ends a statement before this: whoever hears nothing for so long has a line that stands still for ever. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A peer that vanished without a word is noticed within twice this, instead of the two hours of most systems. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;
/** A database that starts beside us (compose, a reboot) takes seconds; a wrong address is told soon enough. */
const START_PATIENCE_MS = 15_000;
const START_RETRY_MS = 500;
/** Advisory lock of whoever migrates; any constant that nobody else uses. */
const MIGRATION_LOCK = '7236845201';

/**
 * A connection that may end while nobody holds it: the pool has just handed it out and its borrower does not listen yet, when
 * the server's last word comes in the same packet as the answer before. Without a listener that would end the process;
 * whoever uses the connection next learns it from a statement.
 */
class QuietClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly entities?: MixedList<() => unknown>;
}

export const dataSourceOptions = ({ url, poolSize, entities }: DatabaseOptions) =>
  ({
    type: 'postgres',
    url,
    poolSize,
    entities: (entities ?? []) as never[],
    migrations,
    migrationsTableName: 'schema_migration',
    migrationsTransactionMode: 'each',
    applicationName: `tranche ${process.pid}`,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    installExtensions: false,
    extra: {
      Client: QuietClient,
      ...KEEP_ALIVE,
      query_timeout: ANSWER_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    },
  }) satisfies DataSourceOptions;

/** A connected, migrated data source. Waits a while for a database that is still starting. */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  await migrate(options);
  return connected(options);
}

async function connected(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource(options);
  const until = Date.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await dataSource.initialize();
    } catch (error) {
      // Anything the server said (a wrong password, no such database) will not change by waiting.
      if (!isUnreachable(error) || Date.now() > until) {
        throw new DatabaseUnusableError(`the database can not be reached: ${reasonOf(error)}`, { cause: error });
      }
      await wait(START_RETRY_MS);
    }
  }
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnreachable);
  const code = (error as NodeJS.ErrnoException).code;
  return (
    isConnectionLost(error) || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH'
  );
}

function reasonOf(error: unknown): string {
  // Node tries every address of a name and collects the failures under an empty message.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof DatabaseError || error instanceof Error ? error.message : String(error);
}

async function requireVersion(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ number: string; version: string }[]>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
  );
  if (row === undefined || Number(row.number) < OLDEST_MAJOR * 10_000) {
    throw new DatabaseUnusableError(
      `the database is PostgreSQL ${row?.version ?? 'unknown'}; Tranche needs ${OLDEST_MAJOR} or later`,
    );
  }
}

/** Brings the schema up to date, one process at a time; the others wait and then find nothing to be done. */
async function migrate(options: DataSourceOptions): Promise<void> {
  // A migration of a large table, and the wait for one, take as long as they take: a line of their own, without bounds.
  const unbounded = { ...options, entities: [], extra: { ...(options.extra as object), query_timeout: 0 } };
  const dataSource = await connected(unbounded);
  try {
    await requireVersion(dataSource);
    const runner = dataSource.createQueryRunner();
    await runner.query(`SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)`);
    await runner.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await new MigrationExecutor(dataSource, runner).executePendingMigrations();
    await liftFeed(runner);
    await runner.release();
  } finally {
    // The lock ends with its session.
    await dataSource.destroy();
  }
}
