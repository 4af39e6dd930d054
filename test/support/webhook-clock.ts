/** By the owner of the functions, which no role of the product is. */
interface Owner {
  query(text: string): Promise<unknown>;
}

/**
 * Moves the time of a database forward, or lets it run faster: everything that the engine compares in SQL asks tranche_now().
 * @param change `ahead_s`: seconds before the true time; `factor`: how many of its seconds pass in one, from now on.
 */
export async function injectTime(owner: Owner, change: { ahead_s?: number; factor?: number }): Promise<void> {
  const { ahead_s = 0, factor = 1 } = change;
  await owner.query(
    `DO $$ BEGIN EXECUTE format(
       'CREATE OR REPLACE FUNCTION tranche_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS %L',
       format('SELECT %L::timestamptz + (now() - %L::timestamptz) * ${factor}', now() + ${ahead_s} * interval '1 second', now()));
     END $$`,
  );
}
