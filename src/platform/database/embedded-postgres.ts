import { mkdirSync, realpathSync } from 'node:fs';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import pg from 'pg';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { EMBEDDED_NAME, ensureCluster, openPostgresHome, type PostgresHome } from './postgres-cluster.js';
import { embeddedUrl, ensureServer, type ServerSettings, stopServer } from './postgres-server.js';
import { PostgresSupervisor } from './postgres-supervisor.js';
import { API_ROLE } from './roles.js';
import { withStartLock } from './start-lock.js';

export interface EmbeddedPostgres {
  readonly url: string;
  /** By the login that works for merchants; it is opened by the first start that migrates. */
  readonly apiUrl: string | null;
  /** What a person who starts the engine has to know, for the start banner. */
  readonly notes: readonly string[];
  /** Null while the server runs; else a sentence that says what is done about it. */
  trouble(): string | null;
  /** Stops the server, unless another process of ours uses it. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly dataDirectory: string;
  /** Over the usual settings of the server. */
  readonly settings?: ServerSettings;
  readonly initdbOptions?: readonly string[];
}

const GIB = 1024 ** 3;

/** For a small machine that runs the engine beside it; a larger installation brings its own server by DATABASE_URL. */
const usualSettings = (): ServerSettings => ({
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  // A quarter of a small machine's memory at the most.
  shared_buffers: totalmem() >= 2 * GIB ? '256MB' : '64MB',
  // Checkpoints by time, spread out, instead of one every few seconds under a burst of bulks.
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  // Statements are short and prepared: compiling them costs more than it saves.
  jit: 'off',
  random_page_cost: '1.1',
  // Hot tables are vacuumed eagerly (see the migrations), so somebody has to look often.
  autovacuum_naptime: '15s',
  log_min_messages: 'warning',
  // No DETAIL and no statement in the log: they repeat values of rows, and account data has no place there.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
});

/**
 * The database for a machine that has none: programs from npm, a cluster under the data directory, one server for every
 * process of ours that names the directory. The server outlives us when we are killed, and the next start finds it; when it
 * is killed itself, the first of us to see that starts it again, where the others know it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  mkdirSync(resolve(options.dataDirectory), { recursive: true, mode: 0o711 });
  const dataDirectory = realpathSync(options.dataDirectory);
  return withStartLock(dataDirectory, async () => {
    const home = openPostgresHome(dataDirectory);
    const binaries = findPostgresBinaries(home.account, home.directory);
    ensureCluster(home, binaries, options.initdbOptions ?? []);
    const settings = { ...usualSettings(), ...options.settings };
    const { port } = await ensureServer(home, binaries, settings);
    const maintenanceUrl = embeddedUrl(home, port, 'postgres');
    await ensureDatabase(maintenanceUrl);
    const url = embeddedUrl(home, port, EMBEDDED_NAME);
    const apiUrl = new URL(url);
    apiUrl.username = API_ROLE;
    const supervisor = new PostgresSupervisor({
      ensure: () => withStartLock(dataDirectory, () => ensureServerAt(port, home, { binaries, settings })),
      attend: () => connect(url, 'presence'),
    });
    await supervisor.attend();
    return {
      url,
      apiUrl: apiUrl.href,
      notes: home.moved
        ? [`The database lies in ${home.directory}, because PostgreSQL does not run as root and can not enter ${dataDirectory}.`]
        : [],
      trouble: () => supervisor.trouble(),
      stop: async () => {
        await supervisor.leave();
        // So that nobody who has just found the server loses it.
        await withStartLock(dataDirectory, () => stopUnlessUsed(home, binaries, maintenanceUrl));
      },
    };
  });
}

interface Means {
  readonly binaries: PostgresBinaries;
  readonly settings: ServerSettings;
}

/** At the port that our pool knows, and no other. @returns whether the server had to be started. */
async function ensureServerAt(port: number, home: PostgresHome, { binaries, settings }: Means): Promise<boolean> {
  const found = await ensureServer(home, binaries, { ...settings, port: String(port) });
  if (found.port === port) return found.started;
  throw new DatabaseUnusableError(`it runs at port ${found.port} now, and this process knows it at ${port}; restart the process`);
}

async function ensureDatabase(url: string): Promise<void> {
  const client = await connect(url, 'start');
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [EMBEDDED_NAME]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${EMBEDDED_NAME}`);
  } finally {
    await client.end();
  }
}

async function stopUnlessUsed(home: PostgresHome, binaries: PostgresBinaries, url: string): Promise<void> {
  let others: number;
  try {
    others = await countOthers(url);
  } catch {
    return; // The server is gone already.
  }
  if (others === 0) stopServer(home, binaries);
}

/** Sessions of other processes of ours: each names itself `tranche <process number>`, and more. */
async function countOthers(url: string): Promise<number> {
  const client = await connect(url, 'stop');
  try {
    const { rows } = await client.query<{ others: number }>(
      `SELECT count(*)::int AS others FROM pg_stat_activity
       WHERE application_name LIKE 'tranche %' AND split_part(application_name, ' ', 2) <> $1`,
      [String(process.pid)],
    );
    return rows[0]?.others ?? 0;
  } finally {
    await client.end();
  }
}

async function connect(url: string, role: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `tranche ${process.pid} ${role}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A lost session must not end the process; whoever needs it next learns from its own call.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
