import { PostgresJobRepository } from '@agendajs/postgres-backend';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Agenda, type AgendaBackend, type JobParameters } from 'agenda';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { CONFIGURATION, type Configuration } from '../config/index.js';
import { patiently } from '../database/index.js';
import { JOB_OF_WRONG_CLOCK } from './job-row.js';
import { JOBS, type Job } from './job.js';

/** How often each process asks what is due: the shortest useful cadence of a job, at about 1 ms of database a job. */
const POLL_MS = 1_000;
/** Runs are short; what has not ended by then is left to its lease, so that a stop is not held up by it. */
const DRAIN_MS = 10_000;
const CLOCKS_COMPARED_MS = 60_000;

/**
 * Runs the cluster's recurring duties by agenda, over TypeORM's pool and a table of our own migrations. The rows remember
 * the next run across restarts, and one worker at a time takes it. Agenda's lock is no fence (see `Job.lease_ms`), which is
 * why nothing of a single payout is ever a job.
 *
 * Agenda leaves a timer of half a lease behind after each run, so a process that ran jobs ends by `process.exit`.
 */
@Injectable()
export class AgendaClock implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly running = new Set<string>();
  /** Of this process alone, so that its locks can be told from those of others. */
  private readonly owner = `${hostname()}:${process.pid}:${randomUUID()}`;
  private agenda: Agenda | null = null;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'roles'>,
    @Inject(JOBS) private readonly jobs: readonly Job[],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.configuration.roles.has('worker')) return;
    const agenda = new Agenda({ name: this.owner, backend: this.backend(), processEvery: POLL_MS });
    agenda.on('error', (error) => this.logger.warn(`agenda: ${error.message}`));
    for (const job of this.jobs) {
      // One place each: a second row of the same name can only be a leftover, and two runs at once are what leases prevent.
      agenda.define(job.name, () => this.run(job), { concurrency: 1, lockLimit: 1, lockLifetime: job.lease_ms });
    }
    // Names that no process defines are never run. Their rows stay: a purge by an old process, during a rolling upgrade,
    // would take the rows of jobs that only the new one knows.
    for (const job of this.jobs) await patiently(() => this.schedule(agenda, job));
    await agenda.start();
    this.agenda = agenda;
    await this.correct();
  }

  /**
   * Agenda goes by the clock of whoever runs a job, and reckons the next run from there: one clock that was a day ahead would keep a
   * job from everybody for a day. What was run or taken in the database's future is due now.
   */
  @Interval(CLOCKS_COMPARED_MS)
  async correct(): Promise<void> {
    if (this.agenda === null) return;
    try {
      const rows = await this.dataSource.query<{ name: string }[]>(
        `WITH corrected AS (
           UPDATE agenda_jobs SET next_run_at = now(), last_run_at = NULL, locked_at = NULL WHERE ${JOB_OF_WRONG_CLOCK} RETURNING name)
         SELECT name FROM corrected ORDER BY name`,
      );
      const names = rows.map(({ name }) => name).join(', ');
      if (names !== '') this.logger.warn(`the clock of a worker is or was ahead of the database's; due now: ${names}`);
    } catch (error) {
      this.logger.warn({ message: 'the clocks were not compared', error });
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    const agenda = this.agenda;
    if (agenda === null) return;
    this.agenda = null;
    const { running, timedOut } = await agenda.drain(DRAIN_MS);
    if (timedOut) {
      this.logger.warn(`stopped with ${running} job(s) still running after ${DRAIN_MS} ms: ${[...this.running].join(', ')}`);
      return;
    }
    // Agenda locks what is due within the next poll ahead of time, and a drain keeps those locks; without this the next
    // process would wait for the lease of a job that nobody runs.
    await this.pool.query(`UPDATE agenda_jobs SET locked_at = NULL WHERE last_modified_by = $1 AND locked_at IS NOT NULL`, [
      this.owner,
    ]);
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { readonly master: Pool }).master;
  }

  /**
   * The Postgres repository alone, without its notification channel: that would hold one connection of the pool for good,
   * to learn of jobs made elsewhere, and none are made after the start.
   */
  private backend(): AgendaBackend {
    const repository = new SharedPoolRepository(this.pool, (error) => this.logger.warn(`agenda: ${String(error)}`));
    // Nothing to open or to close: the pool is TypeORM's, and connected. (A failing `connect` would be an unhandled rejection.)
    const nothing = (): Promise<void> => Promise.resolve();
    return { name: 'PostgreSQL', repository, ownsConnection: false, connect: nothing, disconnect: nothing };
  }

  private async schedule(agenda: Agenda, job: Job): Promise<void> {
    // Keeps the next run of a row that exists, so that restarts in a row do not run a daily job each time.
    const row = await agenda.every(job.every, job.name, undefined, { timezone: 'UTC' });
    // Agenda keeps an interval that it can not read as a job that never runs.
    if (!row.attrs.nextRunAt) throw new Error(`job ${job.name}: can not read its interval "${job.every}"`);
  }

  /** One run, reported. A failure is thrown on for agenda's own record (`fail_count`, `fail_reason`); the next run is due all the same. */
  private async run(job: Job): Promise<void> {
    if (this.running.has(job.name)) {
      this.logger.warn(`${job.name} is still running past its lease of ${job.lease_ms} ms; this turn is left out`);
      return;
    }
    this.running.add(job.name);
    const started = performance.now();
    const elapsed_ms = (): number => Math.round(performance.now() - started);
    try {
      await job.run();
      this.logger.debug(`${job.name} took ${elapsed_ms()} ms`);
    } catch (error) {
      this.logger.error({ message: `${job.name} failed after ${elapsed_ms()} ms`, error });
      throw error;
    } finally {
      this.running.delete(job.name);
    }
  }
}

/** Agenda lets go of a lock without awaiting or catching it; a lost connection at that instant must not end the process. */
class SharedPoolRepository extends PostgresJobRepository {
  constructor(
    pool: Pool,
    private readonly report: (error: unknown) => void,
  ) {
    // The table is made by our migrations, with everything else that a schema dump shows.
    super({ pool, ensureSchema: false });
  }

  override async unlockJob(job: JobParameters): Promise<void> {
    // The lease ends the lock in any case.
    await super.unlockJob(job).catch(this.report);
  }
}
