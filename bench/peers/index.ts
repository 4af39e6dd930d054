import { agenda } from './agenda.js';
import { graphileWorker } from './graphile-worker.js';
import { pgBoss } from './pg-boss.js';
import type { Peer } from './scheduler.js';

/** Those that keep their jobs in PostgreSQL, as Tranche does. */
export const peers: readonly Peer[] = [agenda, pgBoss, graphileWorker];
