import PgBoss from 'pg-boss';
import { inParallel } from '../rows/row.js';
import { inGroups, POOL_SIZE, type PayoutJob, type Peer } from './scheduler.js';

/** The shortest that it takes. */
const POLL_S = 0.5;
const WORKERS = 4;
const BATCH = 500;

export const pgBoss: Peer = {
  name: 'pg-boss',
  settings: `10.4.2, ${WORKERS} workers, batchSize ${BATCH} (less where that would leave a worker without one), pollingIntervalSeconds ${POLL_S}; a batch is worked off with its share of the calls in flight`,
  open: async (databaseUrl, inFlight) => {
    const boss = new PgBoss({ connectionString: databaseUrl, max: POOL_SIZE, supervise: false, schedule: false });
    await boss.start();
    await boss.createQueue('payout');
    await boss.purgeQueue('payout');
    let batchSize = BATCH;
    return {
      enqueue: async (jobs) => {
        batchSize = Math.min(BATCH, Math.ceil(jobs.length / WORKERS));
        for (const group of inGroups(jobs)) {
          await boss.insert(group.map((data) => ({ name: 'payout', data, startAfter: data.at })));
        }
      },
      start: async (work) => {
        for (let worker = 0; worker < WORKERS; worker += 1) {
          await boss.work<PayoutJob>('payout', { batchSize, pollingIntervalSeconds: POLL_S }, (jobs) =>
            inParallel(jobs, Math.ceil(inFlight / WORKERS), ({ data }) => work(data)),
          );
        }
      },
      stop: () => boss.stop({ graceful: false, wait: true }),
    };
  },
};
