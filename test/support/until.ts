import { inspect } from 'node:util';

/** How often a state is looked at while it is waited for, and how long it may take to come: above the slowest fate on a busy machine. */
const LOOK_MS = 20;
const COMES_WITHIN_MS = 120_000;
/** Characters of what was seen, when it does not come. */
const SHOWN_MAX = 2_000;

interface Patience {
  readonly every_ms?: number;
  readonly within_ms?: number;
}

/** Looks until it is so: a state is waited for, never a time. @throws with what was seen last, when it does not come in time. */
export async function eventually<Seen>(
  look: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
  { every_ms = LOOK_MS, within_ms = COMES_WITHIN_MS }: Patience = {},
): Promise<Seen> {
  const ends = performance.now() + within_ms;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > ends)
      throw new Error(`it did not come; the last that was seen: ${inspect(seen, { depth: 4 }).slice(0, SHOWN_MAX)}`);
    await new Promise((resolve) => setTimeout(resolve, every_ms));
  }
}

/** Waits until something is so, as long as the test may last. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(isSo, (so) => so, { within_ms: Infinity });
}

/** The statement finds whoever of this database waits for a lock that another transaction has. */
export const WHO_WAITS = `SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()`;
