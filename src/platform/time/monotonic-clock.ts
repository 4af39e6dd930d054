/** A clock that only measures spans, of one process and never set back; instants are the database's alone. */
export interface MonotonicClock {
  now_ms(): number;
}

/** Injection token of the clock by which this process keeps the end of a lease. */
export const MONOTONIC_CLOCK = Symbol('MONOTONIC_CLOCK');

/** What the wall clock gains on the other without a suspension is rounding or a correction in small steps. */
const SUSPENDED_MIN_MS = 1_000;

/**
 * Counts the time for which the machine was suspended. A monotonic clock may stand still meanwhile (Node's does on Linux), and
 * the leases and the keys of a process that wakes up after days would seem as young as before. The wall clock has gone on; where
 * it was set forward instead, what is held only seems older than it is, and where it was set back nothing is.
 */
export function suspensionCountingClock(monotonic_ms: () => number, wall_ms: () => number): MonotonicClock {
  let suspended_ms = 0;
  let last = { monotonic: monotonic_ms(), wall: wall_ms() };
  return {
    now_ms: () => {
      const now = { monotonic: monotonic_ms(), wall: wall_ms() };
      const gained_ms = now.wall - last.wall - (now.monotonic - last.monotonic);
      if (gained_ms >= SUSPENDED_MIN_MS) suspended_ms += gained_ms;
      last = now;
      return now.monotonic + suspended_ms;
    },
  };
}

export const ownMonotonicClock = suspensionCountingClock(() => performance.now(), Date.now);
