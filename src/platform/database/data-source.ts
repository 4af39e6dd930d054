import { setTimeout as wait } from 'node:timers/promises';
import { Client, type ClientConfig, DatabaseError } from 'pg';
import { DataSource, type DataSourceOptions, type MixedList } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { PacketSocket } from './packet-socket.js';
import { isConnectionLost } from './transactions.js';

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

/** Options of a PostgreSQL whose address is a URL, as ours always are. */
export type UrlOptions = DataSourceOptions & { readonly type: 'postgres'; readonly url: string };

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
      stream: () => new PacketSocket(),
      pipeline: true,
      ...KEEP_ALIVE,
      query_timeout: ANSWER_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    },
  }) satisfies DataSourceOptions;

/**
 * Connected; waits a while for a database that is still starting.
 * @throws DatabaseUnusableError
 */
export async function connected(options: DataSourceOptions, patience_ms = START_PATIENCE_MS): Promise<DataSource> {
  const dataSource = new DataSource(options);
  try {
    return await patiently(() => dataSource.initialize(), patience_ms);
  } catch (error) {
    throw new DatabaseUnusableError(`the database can not be reached: ${reasonOf(error)}`, { cause: error });
  }
}

/** What a start needs of the database, asked again for a while where that can not be reached. */
export async function patiently<Result>(ask: () => Promise<Result>, patience_ms = START_PATIENCE_MS): Promise<Result> {
  const until = Date.now() + patience_ms;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // Anything the server said (a wrong password, no such database) will not change by waiting.
      if (!isUnreachable(error) || Date.now() >= until) throw error;
    }
    await wait(START_RETRY_MS);
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
