/** A clock that only measures spans, of one process and never set back; instants are the database's alone. */
export interface MonotonicClock {
  now_ms(): number;
}

/** Injection token of the clock by which this process keeps the end of a lease. */
export const MONOTONIC_CLOCK = Symbol('MONOTONIC_CLOCK');

export const ownMonotonicClock: MonotonicClock = { now_ms: () => performance.now() };
