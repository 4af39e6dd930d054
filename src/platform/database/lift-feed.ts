import type { QueryRunner } from 'typeorm';

/**
 * Transactions are numbered when they first write and place their events later, so the newest event need not have the
 * highest number: it can lag by as many transactions as ran beside its own. This is far more than ever can.
 */
const MARGIN = 1_000_000;

/**
 * The order of the event feed is made of transaction ids. A dump that is restored into a younger cluster brings events
 * from that cluster's future, behind which every new event would be hidden from readers: so the offset is lifted until new
 * events come after all old ones again. Only rises. Called with no other writer at work (at start, under the migration lock).
 */
export async function liftFeed(runner: QueryRunner): Promise<void> {
  await runner.query(
    `UPDATE feed_offset SET lifted_by = lifted_by + newest.feed - feed_now() + $1
     FROM (SELECT max(feed) AS feed FROM (
       (SELECT feed FROM event ORDER BY place DESC LIMIT 1) UNION ALL SELECT max(feed) FROM event_horizon) AS known) AS newest
     WHERE newest.feed > feed_now()`,
    [MARGIN],
  );
}
