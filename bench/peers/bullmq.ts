import { type Job, Queue, Worker } from 'bullmq';
import { execFileSync } from 'node:child_process';
import { RedisServer } from './redis-server.js';
import { inGroups, type PayoutJob, type Peer } from './scheduler.js';

const QUEUE = 'payout';

/** The only one whose jobs are in another store: what it makes durable is its queue, and the rows are in PostgreSQL all the same. */
export const bullmq: Peer = {
  name: 'BullMQ',
  settings: `6.7.0, its jobs in Redis with appendonly yes and fsync every second, concurrency as in flight, addBulk of 1000, removed when done`,
  missing: () => (hasRedis() ? null : 'there is no redis-server on this machine'),
  open: async (_databaseUrl, inFlight) => {
    const redis = await RedisServer.start();
    const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
    const queue = new Queue<PayoutJob>(QUEUE, { connection });
    let worker: Worker<PayoutJob> | null = null;
    return {
      enqueue: async (jobs) => {
        const now = Date.now();
        for (const group of inGroups(jobs)) {
          await queue.addBulk(
            group.map((data) => ({
              name: QUEUE,
              data,
              opts: { delay: Math.max(0, data.at.getTime() - now), removeOnComplete: true },
            })),
          );
        }
      },
      start: async (work) => {
        worker = new Worker<PayoutJob>(QUEUE, ({ data }: Job<PayoutJob>) => work(data), { connection, concurrency: inFlight });
        // An error without a listener would end the process.
        worker.on('error', () => undefined);
        await worker.waitUntilReady();
      },
      stop: async () => {
        await worker?.close();
        await queue.close();
        await redis.stop();
      },
    };
  },
};

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
