import { Console } from 'node:console';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Role } from '../../src/platform/config/index.js';
import { startEmbeddedPostgres } from '../../src/platform/database/index.js';
import { type MainProgram, mainProgram } from '../../test/support/main-program.js';
import { Busy } from '../measure/busy.js';

/** How often a state that is waited for is looked at: often enough for a figure, seldom enough to cost nothing. */
const LOOK_MS = 10;

/** A program lets its calls end before it does; none of the bench's takes so long. */
const FAREWELL_MS = 20_000;

const STATEMENTS_SHOWN = 25;
const TIMERS_SHOWN = 15;
const FIRED_TIMERS = fileURLToPath(new URL('fired-timers.mjs', import.meta.url));

export interface Statement {
  readonly ms: number;
  readonly planned_ms: number;
  readonly calls: number;
  readonly plans: number;
  readonly rows: number;
  readonly query: string;
}

/** Timers of the programs that fired: who had set them, and for how long. */
export interface FiredTimers {
  readonly by: string;
  readonly ms: number;
  readonly times: number;
}

/** Whatever is waited for has come by then, or something is wrong. */
const STUCK_AFTER_MS = 240_000;
const WHAT_STANDS = [
  `SELECT status, held, count(*)::integer, min(scheduled_at), max(scheduled_at), now() FROM payout GROUP BY 1, 2`,
  `SELECT status, count(*)::integer, min(next_check_at), max(next_check_at), max(checks) FROM payout_intent GROUP BY 1`,
  `SELECT name, paused_by, pause_reason FROM connector WHERE paused_at IS NOT NULL`,
  `SELECT pid, state, wait_event, pg_blocking_pids(pid), now() - xact_start AS since, left(query, 100) AS query
   FROM pg_stat_activity WHERE datname = current_database()`,
];

/** A PostgreSQL with its ordinary durability in a folder of its own, and the programs that run on it. */
export class BenchServers {
  readonly operatorKey = `operator_${randomBytes(12).toString('hex')}`;
  private readonly programs: { readonly role: Role; readonly program: MainProgram }[] = [];
  private readonly busy: Busy | null;
  private readonly keys = `bench:${randomBytes(32).toString('base64')}`;

  private constructor(
    private readonly directory: string,
    private readonly database: { readonly url: string; readonly profile: string | null; stop(): Promise<void> },
    /** For what is measured in the database itself, and for what is waited for. */
    readonly sql: pg.Pool,
    /** The server's first process. */
    readonly postmaster: number,
  ) {
    const programs = (): Map<string, number> =>
      new Map(this.programs.map(({ role, program }, place) => [`${role} ${place + 1}`, program.pid]));
    this.busy = database.profile === null ? null : new Busy(programs, postmaster);
  }

  /** @param profile where the programs leave their profiles; the server counts its statements then. */
  static async open(profile: string | null): Promise<BenchServers> {
    const directory = mkdtempSync(join(tmpdir(), 'tranche-bench-'));
    // Open to be passed through, because as root the database runs under another account.
    chmodSync(directory, 0o711);
    const database = await startEmbeddedPostgres({
      dataDirectory: join(directory, 'data'),
      settings:
        profile === null ? {} : { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' },
    });
    const sql = new pg.Pool({ connectionString: database.url, max: 16 });
    // Without a listener the end of the server would end us.
    sql.on('error', () => undefined);
    const { rows } = await sql.query<{ file: string }>(`SELECT current_setting('data_directory') || '/postmaster.pid' AS file`);
    const postmaster = Number(readFileSync(rows[0]?.file ?? '', 'utf8').split('\n')[0]);
    if (profile !== null) {
      mkdirSync(profile, { recursive: true });
      await sql.query('CREATE EXTENSION pg_stat_statements');
    }
    return new BenchServers(directory, { ...database, profile }, sql, postmaster);
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  /** Where it listens is `ready`. */
  async start(role: Role, environment: Readonly<Record<string, string>> = {}): Promise<MainProgram> {
    const { profile } = this.database;
    const program = mainProgram(
      {
        DATABASE_URL: this.database.url,
        ROLES: role,
        SANDBOX: 'true',
        OPERATOR_KEY: this.operatorKey,
        ENCRYPTION_KEYS: this.keys,
        RATE_LIMIT_PER_SECOND: '0',
        ADDRESS_RATE_LIMIT_PER_SECOND: '0',
        GUESS_RATE_LIMIT_PER_SECOND: '0',
        LOG_LEVEL: 'error',
        ...(profile === null ? {} : { FIRED_TIMERS: profile }),
        ...environment,
      },
      { built: true, nodeOptions: profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--import', FIRED_TIMERS] },
    );
    this.programs.push({ role, program });
    await program.ready;
    return program;
  }

  async stop(program: MainProgram): Promise<void> {
    const place = this.programs.findIndex((one) => one.program === program);
    this.programs.splice(place, 1);
    program.signal('SIGTERM');
    const overdue = setTimeout(() => program.signal('SIGKILL'), FAREWELL_MS);
    await program.ended;
    clearTimeout(overdue);
    process.stderr.write(program.complaints());
  }

  async version(): Promise<string> {
    const { rows } = await this.sql.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  }

  /** The statements that took the server's time, most first; none where they are not counted. */
  async statements(): Promise<readonly Statement[]> {
    if (this.database.profile === null) return [];
    const { rows } = await this.sql.query<Statement>(
      `SELECT round(total_exec_time)::integer AS ms, round(total_plan_time)::integer AS planned_ms, calls::integer, plans::integer, rows::integer,
         left(regexp_replace(query, '\\s+', ' ', 'g'), 100) AS query
       FROM pg_stat_statements ORDER BY total_exec_time + total_plan_time DESC LIMIT ${STATEMENTS_SHOWN}`,
    );
    return rows;
  }

  /** How busy each has been, in percent of a processor, in every ten seconds; nothing where no profile is taken. */
  get busyness(): readonly object[] {
    return this.busy?.seen ?? [];
  }

  /** Those that fired most often; of programs that have ended. */
  firedTimers(): readonly FiredTimers[] {
    const { profile } = this.database;
    const names = profile === null ? [] : readdirSync(profile).filter((name) => /^timers-\d+\.json$/.test(name));
    const fired = names.flatMap((name) => JSON.parse(readFileSync(join(profile ?? '', name), 'utf8')) as FiredTimers[]);
    return fired.toSorted((one, other) => other.times - one.times).slice(0, TIMERS_SHOWN);
  }

  /** What lies in the database, and what it has ever written ahead, in KiB. */
  async written(): Promise<{ readonly disk_kib: number; readonly wal_kib: number }> {
    const { rows } = await this.sql.query<{ disk_kib: number; wal_kib: number }>(
      `SELECT pg_database_size(current_database()) / 1024.0::double precision AS disk_kib,
         pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::double precision / 1024 AS wal_kib`,
    );
    return rows[0] ?? { disk_kib: Number.NaN, wal_kib: Number.NaN };
  }

  async count(from: string, values: readonly unknown[] = []): Promise<number> {
    const { rows } = await this.sql.query<{ count: string }>(`SELECT count(*) AS count FROM ${from}`, [...values]);
    return Number(rows[0]?.count);
  }

  /** Waits until nothing is left of it. @returns the milliseconds since `start`. */
  async untilNone(from: string, values: readonly unknown[] = [], start = performance.now()): Promise<number> {
    let stuck = performance.now() + STUCK_AFTER_MS;
    // Not counted: of what is nearly done a count reads as much as the work itself.
    while (((await this.sql.query(`SELECT FROM ${from} LIMIT 1`, [...values])).rowCount ?? 0) > 0) {
      await wait(LOOK_MS);
      if (performance.now() < stuck) continue;
      stuck = Infinity;
      await this.sayWhatStands(from);
    }
    return performance.now() - start;
  }

  /** For whoever has to find out why something never came: the row is ended some minutes later, and all this with it. */
  private async sayWhatStands(from: string): Promise<void> {
    process.stderr.write(`still waiting for: ${from}\n`);
    const screen = new Console(process.stderr);
    for (const stands of WHAT_STANDS) screen.table((await this.sql.query<Record<string, unknown>>(stands)).rows);
    for (const { program } of this.programs) process.stderr.write(program.output() + program.complaints());
  }

  async close(): Promise<void> {
    this.busy?.stop();
    const programs = this.programs.map(({ program }) => program);
    // A frozen one hears nothing else.
    for (const program of programs) program.signal('SIGCONT');
    await Promise.all(programs.map((program) => this.stop(program)));
    // Work that is broken off may hold a connection for good; the server that it leads to goes anyhow.
    void this.sql.end();
    await this.database.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
