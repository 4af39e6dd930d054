import type { Tx } from '../database/index.js';
import type { Rate } from './rate.js';

/** A wish for tokens of one bucket, which is full where nobody has drawn from it yet. */
export interface Draw {
  /** `<policy> <subject>` */
  readonly name: string;
  readonly rate: Rate;
  readonly wish: number;
  /** What was drawn before and not needed. */
  readonly returned: number;
}

export interface Drawn {
  readonly [column: string]: unknown;
  readonly name: string;
  /** Whole tokens, at most the wish. */
  readonly granted: number;
  /** What is left in the bucket. */
  readonly tokens: number;
}

/**
 * Draws from many buckets at once. The first statement makes what is missing and locks the rest (`WHERE false` locks and
 * writes nothing), in one order for everybody, so that two processes never deadlock; the second reads what it then finds.
 */
export async function drawTokens(tx: Tx, draws: readonly Draw[]): Promise<Drawn[]> {
  const names = draws.map(({ name }) => name);
  const bursts = draws.map(({ rate }) => rate.burst);
  await tx.query(
    `INSERT INTO rate_bucket AS b (name, tokens)
     SELECT w.name, w.burst FROM unnest($1::text[], $2::float8[]) AS w (name, burst) ORDER BY w.name
     ON CONFLICT (name) DO UPDATE SET tokens = b.tokens WHERE false`,
    [names, bursts],
  );
  return tx.query<Drawn>(
    `WITH held AS (
       SELECT b.name, w.wish,
         least(w.burst, b.tokens + w.returned + w.per_second * greatest(0, extract(epoch FROM tranche_now() - b.filled_at)::float8)) AS tokens
       FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::float8[]) AS w (name, burst, per_second, wish, returned)
       JOIN rate_bucket b USING (name)),
     granted AS (SELECT name, tokens, greatest(0, least(wish, floor(tokens))) AS granted FROM held)
     UPDATE rate_bucket b SET tokens = g.tokens - g.granted, filled_at = greatest(b.filled_at, tranche_now())
     FROM granted g WHERE b.name = g.name
     RETURNING b.name, g.granted, b.tokens`,
    [
      names,
      bursts,
      draws.map(({ rate }) => rate.perSecond),
      draws.map(({ wish }) => wish),
      draws.map(({ returned }) => returned),
    ],
  );
}

/** At most this many rows in one statement: some 20 ms, so that a backlog holds up nobody. Call again while it is reached. */
const FORGET_ROWS_MAX = 5_000;

/** Deletes buckets that nobody has drawn from for so long that they are full again, which says the same as none. @returns how many. */
export async function forgetFullBuckets(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `DELETE FROM rate_bucket
      WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM rate_bucket WHERE filled_at < tranche_now() - interval '1 minute'
         LIMIT ${String(FORGET_ROWS_MAX)} FOR UPDATE SKIP LOCKED))
      RETURNING 1`,
  );
  return rows.length;
}
