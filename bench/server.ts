import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Role } from '../src/platform/config/index.js';
import { startEmbeddedPostgres } from '../src/platform/database/index.js';
import { type MainProgram, mainProgram } from '../test/support/main-program.js';

export const OPERATOR_KEY = 'operator_of_the_bench';

/** A PostgreSQL with its ordinary durability in a folder of its own, and the programs that run on it. */
export class BenchServers {
  private readonly programs: MainProgram[] = [];
  private readonly keys = `bench:${randomBytes(32).toString('base64')}`;

  private constructor(
    private readonly directory: string,
    private readonly database: { readonly url: string; stop(): Promise<void> },
    /** For what is measured in the database itself. */
    readonly sql: pg.Client,
  ) {}

  static async open(): Promise<BenchServers> {
    const directory = mkdtempSync(join(tmpdir(), 'tranche-bench-'));
    // Open to be passed through, because as root the database runs under another account.
    chmodSync(directory, 0o711);
    const database = await startEmbeddedPostgres({ dataDirectory: join(directory, 'data') });
    const sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
    return new BenchServers(directory, database, sql);
  }

  /** @returns where the new process listens. */
  start(role: Role): Promise<string> {
    const program = mainProgram({
      DATABASE_URL: this.database.url,
      ROLES: role,
      SANDBOX: 'true',
      OPERATOR_KEY,
      ENCRYPTION_KEYS: this.keys,
      RATE_LIMIT_PER_SECOND: '0',
      LOG_LEVEL: 'error',
    });
    this.programs.push(program);
    return program.ready;
  }

  async count(from: string): Promise<number> {
    const { rows } = await this.sql.query<{ count: string }>(`SELECT count(*) AS count FROM ${from}`);
    return Number(rows[0]?.count);
  }

  /** Waits until nothing is left of it. @returns the milliseconds since `start`. */
  async untilNone(from: string, start: number): Promise<number> {
    while ((await this.count(from)) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return performance.now() - start;
  }

  async close(): Promise<void> {
    for (const program of this.programs) program.signal('SIGTERM');
    await Promise.all(this.programs.map(({ ended }) => ended));
    for (const program of this.programs) process.stderr.write(program.complaints());
    await this.sql.end();
    await this.database.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
