/** Sends in a row without an answer that says anything: fewer happen to healthy providers, more only make unknown intents. */
export const FAULTS_TO_OPEN = 10;
/** The first wait; each further one is twice as long, up to the second figure. */
const OPEN_MS = 5_000;
const OPEN_MAX_MS = 120_000;

/** How the breaker stands, read under the lock of the connector's row. */
export interface BreakerState {
  readonly faultStreak: number;
  /** Times in a row that it has opened; 0: it is closed. */
  readonly openings: number;
  /** The wait is over: what has failed since was the probe. */
  readonly waitOver: boolean;
}

/** The sends of one group, in the order in which they ended. */
export interface SendTally {
  /** Answers that could be read, whatever they say. */
  readonly answered: number;
  /** How many faults (timeouts, resets, 5xx, no connection) stand at the end, and of all. */
  readonly faultsAtEnd: number;
}

export interface BreakerChange {
  readonly faultStreak: number;
  readonly openings: number;
  /** Opens, or stays open, for this long from now; null: what stands stays. */
  readonly open_ms: number | null;
  readonly closes: boolean;
}

/** Pure: the breaker of one connector after one group of sends. */
export function breakerAfter(state: BreakerState, { answered, faultsAtEnd }: SendTally): BreakerChange {
  const closes = answered > 0 && state.openings > 0;
  const faultStreak = (answered > 0 ? 0 : state.faultStreak) + faultsAtEnd;
  const openings = answered > 0 ? 0 : state.openings;
  // Stragglers that left before it opened do not make the wait longer.
  const opens = faultsAtEnd > 0 && faultStreak >= FAULTS_TO_OPEN && (openings === 0 || state.waitOver);
  if (!opens) return { faultStreak, openings, open_ms: null, closes };
  return { faultStreak, openings: openings + 1, open_ms: Math.min(OPEN_MS * 2 ** openings, OPEN_MAX_MS), closes: false };
}
