import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { openDataSource } from '../../src/platform/database/migrate.js';

/** The migrated database that every test file gets a copy of. */
export const TEMPLATE_DATABASE = 'tranche_template';
/** Of every folder with a server of a test run in it, before the number of the process that it belongs to. */
const PREFIX = 'tranche-test-';

interface TestServer {
  readonly server: EmbeddedPostgres;
  readonly directory: string;
}
// Jest runs set-up and tear-down in one process, but may load this file twice.
const slot = globalThis as { trancheTestServer?: TestServer };

/** One PostgreSQL for the whole run, without durability: its data live as long as the run. */
export async function startTestServer(): Promise<void> {
  await sweepOrphans();
  const directory = serverDirectory();
  const server = await startEmbeddedPostgres(optionsFor(directory));
  slot.trancheTestServer = { server, directory };
  process.env['TEST_DATABASE_URL'] = server.url;
  await makeTemplate(server.url);
}

export async function stopTestServer(): Promise<void> {
  if (slot.trancheTestServer === undefined) return;
  const { server, directory } = slot.trancheTestServer;
  // A test that forgot to close its database must not keep the server alive.
  await asAdmin(server.url, (admin) =>
    admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()`),
  );
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** For the data of a server: if we are killed, the next run finds it by our number and ends the server. */
export const serverDirectory = (): string => temporaryDirectory(`${PREFIX}${process.pid}-`);

/** Open to be passed through, because as root the server runs under another account. */
export function temporaryDirectory(prefix: string): string {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(directory, 0o711);
  return directory;
}

const optionsFor = (dataDirectory: string) => ({
  dataDirectory,
  settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '64MB', max_connections: '200' },
  initdbOptions: ['--no-sync'],
});

export async function makeTemplate(url: string): Promise<void> {
  await asAdmin(url, (admin) => admin.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`));
  const migrated = await openDataSource(dataSourceOptions({ url: databaseUrl(url, TEMPLATE_DATABASE), poolSize: 2 }));
  // The sessions of the product may be those of a superuser in a lesser role, which may not end them.
  await migrated.query(
    `CREATE FUNCTION end_own_session() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT pg_terminate_backend(pg_backend_pid())'`,
  );
  await migrated.destroy();
}

export async function asAdmin(url: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  // A server that goes away in the middle is told by the statement that fails; without this it would end the process.
  admin.on('error', () => undefined);
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

/** The same server, another database. */
export function databaseUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

/** A run that was killed leaves its server behind: the next run finds its directory by the dead process's number and ends it. */
async function sweepOrphans(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const directory = join(tmpdir(), name);
    try {
      const orphan = await startEmbeddedPostgres(optionsFor(directory));
      await orphan.stop();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
