import type { TestDatabase } from './test-database.js';

/**
 * Moves the time of a database forward, or lets it run faster: everything that the engine compares in SQL asks tranche_now().
 * @param factor how many of its seconds pass in one.
 */
export async function injectTime(
  db: TestDatabase,
  { ahead_s = 0, factor = 1 }: { ahead_s?: number; factor?: number },
): Promise<void> {
  await db.dataSource.query(
    `DO $$ BEGIN EXECUTE format(
       'CREATE OR REPLACE FUNCTION tranche_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS %L',
       format('SELECT %L::timestamptz + %s * interval ''1 second'' + (now() - %L::timestamptz) * %s', now(), ${Number(ahead_s)}, now(), ${Number(factor)}));
     END $$`,
  );
}
