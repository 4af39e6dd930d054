import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { DatabaseUnusableError } from './database-unusable.error.js';
import { type PostgresBinaries, runAs } from './postgres-binaries.js';
import { EMBEDDED_NAME, type PostgresHome, readPassword } from './postgres-cluster.js';

/** Crash recovery replays at most `max_wal_size`, which takes seconds on a disk and may take minutes on a bad one. */
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 25;
/** A server that ends at once may have lost its port to somebody, or wait for the last backends of a killed predecessor. */
const TRIES_MAX = 10;
const RETRY_MS = 200;
/** Fast shutdown ends sessions and writes one checkpoint; past this it goes on by itself. */
const STOP_TIMEOUT_S = 30;
/** A log that has grown beyond this is put aside (one generation) at the next start. */
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** A server process, as its own lock file tells. */
interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

/** Settings of `postgresql.conf` by name. */
export type ServerSettings = Readonly<Record<string, string>>;

interface Start {
  readonly settings: ServerSettings;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export function embeddedUrl(home: PostgresHome, port: number, database: string): string {
  return `postgres://${EMBEDDED_NAME}:${readPassword(home)}@127.0.0.1:${port}/${database}`;
}

/**
 * The cluster's server: one that already runs (another process's, or an orphan of one that was killed), else a new one, at
 * the port of the settings, or of the server before it: those who used that one find the new one there.
 */
export async function ensureServer(
  home: PostgresHome,
  binaries: PostgresBinaries,
  settings: ServerSettings,
): Promise<{ readonly port: number; readonly started: boolean }> {
  const until = Date.now() + START_TIMEOUT_MS;
  for (let tries = 1; ; tries += 1) {
    const running = await awaitRunning(home, until);
    if (running !== null) return { port: running.port, started: false };
    const port = await startServer(home, binaries, { settings, until });
    if (port !== null) return { port, started: true };
    if (tries === TRIES_MAX || Date.now() > until)
      throw new DatabaseUnusableError(`the embedded PostgreSQL did not start: ${lastLines(home.log)} (${home.log})`);
    await wait(RETRY_MS);
  }
}

export function stopServer(home: PostgresHome, binaries: PostgresBinaries): void {
  const stopped = runAs(home.account, binaries.pgCtl, [
    'stop',
    '-D',
    home.cluster,
    '-m',
    'fast',
    '-w',
    '-t',
    String(STOP_TIMEOUT_S),
  ]);
  if (!stopped.succeeded) throw new DatabaseUnusableError(`the embedded PostgreSQL did not stop: ${stopped.output}`);
}

/** Waits for a server that is starting or recovering. A lock file whose process is gone, or is another program's by now, is removed. */
async function awaitRunning(home: PostgresHome, until: number): Promise<RunningServer | null> {
  for (;;) {
    const server = readLockFile(home);
    if (server === null) return null;
    if (await answers(home, server.port)) return server;
    if (!isServerOf(home, server.pid)) {
      // PostgreSQL does this itself only where the number belongs to no process at all; we hold the start lock.
      rmSync(join(home.cluster, 'postmaster.pid'), { force: true });
      return null;
    }
    if (Date.now() > until)
      throw new DatabaseUnusableError(`process ${server.pid} runs ${home.cluster} but does not answer; see ${home.log}`);
    await wait(POLL_MS);
  }
}

/** Line 1 of the lock file is the process, line 4 the port (PostgreSQL's miscadmin.h). */
function readLockFile(home: PostgresHome): RunningServer | null {
  let lines: string[];
  try {
    lines = readFileSync(join(home.cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

/** Whether our cluster's own server listens there: a copied data directory carries a lock file that names the original's. */
async function answers(home: PostgresHome, port: number): Promise<boolean> {
  if (!Number.isInteger(port) || port <= 0) return false;
  const client = new pg.Client({ connectionString: embeddedUrl(home, port, 'postgres'), connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ directory: string }>(`SELECT current_setting('data_directory') AS directory`);
    return sameDirectory(rows[0]?.directory ?? '', home.cluster);
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function sameDirectory(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Process numbers are used again, after a restart of a container nearly always: the command line says whose it is now. */
function isServerOf(home: PostgresHome, pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    const command =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') // empty for a process that is dead and not yet reaped
        : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(home.cluster);
  } catch {
    return false;
  }
}

/** @returns the port of the new server once it answers, or null where it ended before it did. */
async function startServer(home: PostgresHome, binaries: PostgresBinaries, { settings, until }: Start): Promise<number | null> {
  const port = Number(settings['port'] ?? (await freePort(formerPort(home))));
  const server = spawnDetached(home, binaries, { ...settings, port: String(port) });
  const ended = new AbortController();
  for (const end of ['exit', 'error']) server.once(end, () => ended.abort());
  while (!(await answers(home, port))) {
    if (ended.signal.aborted) return null;
    if (Date.now() > until) throw new DatabaseUnusableError(`the embedded PostgreSQL does not answer; see ${home.log}`);
    await wait(POLL_MS);
  }
  return port;
}

/** A session of its own, so that Ctrl-C in a terminal stops us first and the server after us. */
function spawnDetached(home: PostgresHome, binaries: PostgresBinaries, settings: ServerSettings): ChildProcess {
  if ((statSync(home.log, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(home.log, `${home.log}.1`);
  const log = openSync(home.log, 'a', 0o600);
  try {
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(binaries.postgres, ['-D', home.cluster, ...given], {
      ...home.account,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Of the last server of this cluster, by the options that PostgreSQL writes down at every start; 0 where there was none. */
function formerPort({ cluster }: PostgresHome): number {
  const options = join(cluster, 'postmaster.opts');
  return existsSync(options) ? Number(/"port=(\d+)"/.exec(readFileSync(options, 'utf8'))?.[1] ?? 0) : 0;
}

/** The wanted port where nobody has it, else any that is free. */
const freePort = (wanted: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted === 0 ? reject(error) : resolve(freePort(0))));
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });

function lastLines(log: string): string {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3).join(' | ');
  } catch {
    return 'it wrote no log';
  }
}
