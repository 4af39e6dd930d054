import { Logger, run, runMigrations, type Runner } from 'graphile-worker';
import pg from 'pg';
import { inGroups, POOL_SIZE, type PayoutJob, type Peer } from './scheduler.js';

const POLL_MS = 100;
const silent = new Logger(() => () => undefined);

export const graphileWorker: Peer = {
  name: 'graphile-worker',
  settings: `0.16.6, concurrency as in flight, pollInterval ${POLL_MS} ms, add_jobs of 1000`,
  open: async (databaseUrl, inFlight) => {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
    await runMigrations({ pgPool: pool, logger: silent });
    await pool.query('TRUNCATE graphile_worker._private_jobs');
    let runner: Runner | null = null;
    return {
      enqueue: async (jobs) => {
        for (const group of inGroups(jobs)) {
          await pool.query(
            `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(SELECT json_populate_record(NULL::graphile_worker.job_spec,
               json_build_object('identifier', 'payout', 'payload', j, 'run_at', j->'at')) FROM json_array_elements($1::json) j))`,
            [JSON.stringify(group)],
          );
        }
        await pool.query('VACUUM ANALYZE graphile_worker._private_jobs');
      },
      start: async (work) => {
        const taskList = { payout: (job: unknown) => work(job as PayoutJob) };
        runner = await run({
          pgPool: pool,
          concurrency: inFlight,
          pollInterval: POLL_MS,
          noHandleSignals: true,
          logger: silent,
          taskList,
        });
      },
      stop: async () => {
        await runner?.stop();
        await pool.end();
      },
    };
  },
};
