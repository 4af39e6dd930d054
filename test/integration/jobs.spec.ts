import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Role } from '../../src/platform/config/index.js';
import { dataSourceOptions, openDataSource } from '../../src/platform/database/index.js';
import { AgendaClock, defineJobs, type Job } from '../../src/platform/jobs/index.js';
import { Metrics } from '../../src/platform/observability/index.js';
import { EngineFigures } from '../../src/scheduler/engine-figures.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { testDatabase, type TestDatabase } from '../support/index.js';
import '../support/loose-timers.js';
import { until } from '../support/until.js';

/** Agenda's cadence in milliseconds as text: due at every look. */
const ALWAYS = '1';

interface Row {
  readonly next_run_at: Date | null;
  readonly last_run_at: Date | null;
  readonly locked_at: Date | null;
  readonly fail_count: number | null;
  readonly fail_reason: string | null;
}

describe('recurring jobs', () => {
  let db: TestDatabase;
  const clocks: AgendaClock[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    db = await testDatabase();
  });
  afterEach(async () => {
    await Promise.all(clocks.splice(0).map((clock) => clock.beforeApplicationShutdown()));
  });
  afterAll(() => db.close());

  const start = async (jobs: readonly Job[], roles: readonly Role[] = ['worker']): Promise<AgendaClock> => {
    const clock = new AgendaClock(db.dataSource, { roles: new Set(roles) }, defineJobs(jobs));
    await clock.onApplicationBootstrap();
    clocks.push(clock);
    return clock;
  };
  const rowOf = async (name: string): Promise<Row | undefined> => {
    const rows: Row[] = await db.dataSource.query(`SELECT * FROM agenda_jobs WHERE name = $1`, [name]);
    return rows[0];
  };
  const job = (name: string, run: () => Promise<void>, more: Partial<Job> = {}): Job => ({
    name,
    meaning: 'A job of a test.',
    every: ALWAYS,
    lease_ms: 60_000,
    run,
    ...more,
  });
  /** A job that counts its runs. */
  const counted = (name: string, more: Partial<Job> = {}): { job: Job; runs: () => number } => {
    let runs = 0;
    return {
      job: job(name, () => Promise.resolve(void (runs += 1)), more),
      runs: () => runs,
    };
  };

  it('runs a job again and again', async () => {
    const sweep = counted('again-and-again');
    await start([sweep.job]);
    await until(() => sweep.runs() >= 2);
  });

  it('begins where the database goes away for a moment in the middle of the start', async () => {
    const proxy = await cuttingProxy(db.url);
    const dataSource = await openDataSource(dataSourceOptions({ url: proxy.url, poolSize: 1 }));
    const clock = new AgendaClock(dataSource, { roles: new Set(['worker']) }, defineJobs([counted('begun-late').job]));
    try {
      proxy.cutAfter('agenda_jobs');
      await clock.onApplicationBootstrap();
      expect([proxy.cuts, (await rowOf('begun-late')) !== undefined]).toEqual([1, true]);
    } finally {
      await clock.beforeApplicationShutdown();
      await dataSource.destroy();
      await proxy.close();
    }
  });

  it('runs nothing in a process that is no worker', async () => {
    const idle = counted('of-no-worker');
    await start([idle.job], ['api']);
    expect(await rowOf('of-no-worker')).toBeUndefined();
  });

  it('never runs a job in two workers at once while its lease lasts', async () => {
    let inside = 0;
    let most = 0;
    let runs = 0;
    const slow = job('one-at-a-time', async () => {
      inside += 1;
      most = Math.max(most, inside);
      // Longer than the distance of two looks of two workers.
      await new Promise((resolve) => setTimeout(resolve, 700));
      inside -= 1;
      runs += 1;
    });
    await Promise.all([start([slow]), start([slow])]);
    await until(() => runs >= 4);
    expect(most).toBe(1);
  });

  it('remembers the next run across a restart', async () => {
    const daily = counted('daily', { every: '24 hours' });
    const first = await start([daily.job]);
    await until(() => daily.runs() === 1);
    await first.beforeApplicationShutdown();

    const witness = counted('witness-of-daily');
    await start([daily.job, witness.job]);
    await until(() => witness.runs() >= 2);
    expect(daily.runs()).toBe(1);
  });

  it('runs what a worker ran whose clock was a day ahead, and takes what such a one has left locked', async () => {
    const [ran, taken] = [counted('ran-tomorrow', { every: '1 hour' }), counted('taken-tomorrow', { every: '1 hour' })];
    const first = await start([ran.job, taken.job]);
    await until(() => ran.runs() === 1 && taken.runs() === 1);
    await first.beforeApplicationShutdown();
    await db.dataSource.query(
      `UPDATE agenda_jobs SET last_run_at = now() + interval '1 day', next_run_at = now() + interval '25 hours' WHERE name = 'ran-tomorrow';
       UPDATE agenda_jobs SET locked_at = now() + interval '1 day' WHERE name = 'taken-tomorrow'`,
    );
    await start([ran.job, taken.job]);
    await until(() => ran.runs() === 2 && taken.runs() === 2);
  });

  it('runs a job again after a failure, and keeps the reason until then', async () => {
    let runs = 0;
    await start([
      job('fails-once', async () => {
        runs += 1;
        if (runs === 1) throw new Error('the first run fails');
        await until(async () => (await rowOf('fails-once'))?.fail_count === 1);
      }),
    ]);
    await until(() => runs >= 2);
    expect((await rowOf('fails-once'))?.fail_reason).toBe('the first run fails');
    await until(async () => (await rowOf('fails-once'))?.fail_count === 0);
  });

  it('is counted for the alarm where it fails, or where nobody runs it', async () => {
    const metrics = new Metrics();
    const figures = new EngineFigures(db.transactions, metrics);
    const read = async (): Promise<number[]> => {
      await figures.refresh();
      const valueOf = async (name: string): Promise<number> =>
        (await metrics.registry.getSingleMetric(`tranche_${name}`)?.get())?.values[0]?.value ?? Number.NaN;
      return Promise.all(['jobs_failed', 'jobs_late', 'figures_read_timestamp_seconds'].map(valueOf));
    };
    const [failed = 0, late = 0, before = 0] = await read();
    const clock = await start([job('failing-for-days', () => Promise.reject(new Error('no disk')), { every: '1 hour' })]);
    await until(async () => (await rowOf('failing-for-days'))?.fail_count === 1);
    await clock.beforeApplicationShutdown();
    expect((await read()).slice(0, 2)).toEqual([failed + 1, late]);
    await db.dataSource.query(`UPDATE agenda_jobs SET next_run_at = now() - interval '3 hours' WHERE name = 'failing-for-days'`);
    const [, lateNow, after = 0] = await read();
    expect(lateNow).toBe(late + 1);
    expect(before).toBeGreaterThan(1.7e9);
    expect(after).toBeGreaterThan(before);
  });

  it('takes over what a killed process left locked, once its lease has ended', async () => {
    const orphan = counted('left-locked', { every: '24 hours', lease_ms: 1_500 });
    const first = await start([orphan.job]);
    await until(() => orphan.runs() === 1);
    await first.beforeApplicationShutdown();
    // What kill -9 in the middle of a run leaves behind.
    await db.dataSource.query(`UPDATE agenda_jobs SET locked_at = now(), next_run_at = now() WHERE name = 'left-locked'`);

    await start([orphan.job]);
    await until(() => orphan.runs() === 2);
  });

  it('leaves a turn out while the run before it goes on past its lease', async () => {
    let release = (): void => undefined;
    let runs = 0;
    const stuck = job(
      'past-its-lease',
      () => {
        runs += 1;
        return new Promise((resolve) => (release = resolve));
      },
      { lease_ms: 200 },
    );
    await start([stuck]);
    await until(() => runs === 1);
    const taken = (await rowOf('past-its-lease'))?.last_run_at;
    await until(async () => (await rowOf('past-its-lease'))?.last_run_at?.getTime() !== taken?.getTime());
    expect(runs).toBe(1);
    release();
  });

  it('waits at a stop for what is running', async () => {
    let ended = false;
    let begun = false;
    const clock = await start([
      job('ends-before-the-stop', async () => {
        begun = true;
        await new Promise((resolve) => setTimeout(resolve, 300));
        ended = true;
      }),
    ]);
    await until(() => begun);
    await clock.beforeApplicationShutdown();
    expect(ended).toBe(true);
    expect((await rowOf('ends-before-the-stop'))?.locked_at).toBeNull();
  });

  it('lets go at a stop of what it had locked ahead of its time', async () => {
    const ahead = counted('due-ahead', { every: '24 hours' });
    const clock = await start([ahead.job]);
    await until(async () => ahead.runs() === 1 && (await rowOf('due-ahead'))?.locked_at === null);
    // Always due in a second, so that the next look locks it and does not run it yet.
    await until(async () => {
      await db.dataSource.query(
        `UPDATE agenda_jobs SET next_run_at = now() + interval '1 second' WHERE name = 'due-ahead' AND locked_at IS NULL`,
      );
      return (await rowOf('due-ahead'))?.locked_at !== null;
    });
    await clock.beforeApplicationShutdown();
    expect(ahead.runs()).toBe(1);
    expect((await rowOf('due-ahead'))?.locked_at).toBeNull();
  });

  it('refuses to start with an interval that it can not read', async () => {
    await expect(start([counted('unreadable', { every: 'whenever it suits' }).job])).rejects.toThrow('can not read its interval');
  });
});
