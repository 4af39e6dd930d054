import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { findPostgresBinaries, type PostgresBinaries } from '../../src/platform/database/postgres-binaries.js';
import { ensureCluster, openPostgresHome, type PostgresHome } from '../../src/platform/database/postgres-cluster.js';
import { embeddedUrl } from '../../src/platform/database/postgres-server.js';
import { freePort } from './free-port.js';
import { asAdmin, makeTemplate, serverDirectory, TEMPLATE_DATABASE } from './test-server.js';

/** What is committed outlives the death of the server; a crash of the machine is not among the faults. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '32MB',
  fsync: 'off',
  full_page_writes: 'off',
  jit: 'off',
};
const LOOK_MS = 25;
/** Crash recovery of a few megabytes, on a busy machine. */
const START_MAX_MS = 60_000;

/** A PostgreSQL that belongs to one test alone, which may take it away and bring it back at the same port. */
export class OwnPostgres {
  private server: ChildProcess | null = null;
  private databases = 0;

  private constructor(
    private readonly directory: string,
    private readonly home: PostgresHome,
    private readonly binaries: PostgresBinaries,
    private readonly port: number,
  ) {}

  /** Started, and with the migrated database that every new one is a copy of. */
  static async open(): Promise<OwnPostgres> {
    const directory = serverDirectory();
    const home = openPostgresHome(directory);
    const binaries = findPostgresBinaries(home.account, home.directory);
    ensureCluster(home, binaries, ['--no-sync']);
    const postgres = new OwnPostgres(directory, home, binaries, await freePort());
    await postgres.start();
    await makeTemplate(postgres.url('postgres'));
    return postgres;
  }

  url(database: string): string {
    return embeddedUrl(this.home, this.port, database);
  }

  /** A copy of a database that nobody is connected to. @returns its name. */
  async copy(template = TEMPLATE_DATABASE): Promise<string> {
    this.databases += 1;
    const name = `run_${this.databases}`;
    await this.administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return name;
  }

  /** Statements from outside of every database of the engine. */
  async administer(...texts: readonly string[]): Promise<void> {
    await asAdmin(this.url('postgres'), async (admin) => {
      for (const text of texts) await admin.query(text);
    });
  }

  async read<Row extends object>(database: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
    let rows: Row[] = [];
    await asAdmin(this.url(database), async (admin) => {
      rows = (await admin.query(text, [...values])).rows as Row[];
    });
    return rows;
  }

  async start(): Promise<void> {
    for (const ends = performance.now() + START_MAX_MS; ;) {
      if (this.server === null || this.server.exitCode !== null) this.server = this.spawn();
      if (await this.answers()) return;
      if (performance.now() > ends) throw new Error(`PostgreSQL does not start: see ${this.home.log}`);
      await wait(LOOK_MS);
    }
  }

  /** `immediate`: all its processes end at once and the next start recovers, as after a crash. */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const { server } = this;
    if (server === null || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  }

  async close(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.directory, { recursive: true, force: true });
  }

  private spawn(): ChildProcess {
    const log = openSync(this.home.log, 'a', 0o600);
    try {
      const settings = Object.entries({ ...SETTINGS, port: String(this.port) }).flatMap(([name, value]) => [
        '-c',
        `${name}=${value}`,
      ]);
      return spawn(this.binaries.postgres, ['-D', this.home.cluster, ...settings], {
        ...this.home.account,
        cwd: '/',
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
  }

  private async answers(): Promise<boolean> {
    try {
      await this.administer('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}
