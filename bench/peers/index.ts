import { agenda } from './agenda.js';
import { bullmq } from './bullmq.js';
import { graphileWorker } from './graphile-worker.js';
import { pgBoss } from './pg-boss.js';
import type { Peer } from './scheduler.js';

/** Three that keep their jobs in PostgreSQL, as Tranche does, and one that keeps them in Redis. */
const known: readonly Peer[] = [agenda, pgBoss, graphileWorker, bullmq];
const looked = known.map((peer) => ({ peer, missing: peer.missing?.() ?? null }));

/** Those that can take part on this machine. */
export const peers = looked.flatMap(({ peer, missing }) => (missing === null ? [peer] : []));

/** A sentence for each of the others. */
export const absentPeers = looked.flatMap(({ peer, missing }) =>
  missing === null ? [] : [`${peer.name} takes no part: ${missing}`],
);
