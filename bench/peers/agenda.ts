import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda } from 'agenda';
import pg from 'pg';
import { inGroups, POOL_SIZE, type PayoutJob, type Peer } from './scheduler.js';

/** agenda fills up only at this tick, so that a shorter one is the faster setting. */
const POLL_MS = 100;
const LOCKED_AHEAD = 4;

export const agenda: Peer = {
  name: 'agenda',
  settings: `6.2.6, Postgres backend, processEvery ${POLL_MS} ms, lockLimit ${LOCKED_AHEAD} × in flight, no notifications (nothing is enqueued meanwhile); enqueued by one INSERT per 1000, for its own call takes one at a time`,
  open: async (databaseUrl, inFlight) => {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
    // A table of its own: the engine's duties are in the usual one.
    const backend = new PostgresBackend({ pool, tableName: 'peer_agenda', disableNotifications: true });
    const scheduler = new Agenda({
      backend,
      processEvery: POLL_MS,
      maxConcurrency: inFlight,
      defaultConcurrency: inFlight,
      defaultLockLimit: LOCKED_AHEAD * inFlight,
    });
    await scheduler.ready;
    await pool.query('TRUNCATE peer_agenda');
    return {
      enqueue: async (jobs) => {
        for (const group of inGroups(jobs)) {
          await pool.query(
            `INSERT INTO peer_agenda (name, next_run_at, data) SELECT 'payout', (j->>'at')::timestamptz, j FROM jsonb_array_elements($1::jsonb) j`,
            [JSON.stringify(group)],
          );
        }
        await pool.query('VACUUM ANALYZE peer_agenda');
      },
      start: async (work) => {
        scheduler.define<PayoutJob>('payout', (job) => work(job.attrs.data));
        await scheduler.start();
      },
      stop: async () => {
        await scheduler.stop();
        await pool.end();
      },
    };
  },
};
