/** Failures in a row after which a lane pauses: fewer happen to healthy receivers, more only burn attempts. */
const FAILURES_TO_PAUSE = 5;
/** Of a receiver that fails now and then: this share of at least so many attempts of the last minutes pauses it too. */
const FAILURE_SHARE_TO_PAUSE = 0.7;
const RECENT_ATTEMPTS_MIN = 10;
/** The first pause; each further one is twice as long, up to the second figure. */
const PAUSE_S = 30;
const PAUSE_MAX_S = 15 * 60;
/** Pauses are longer or shorter by up to this share, so that lanes of one receiver do not probe it together. */
const JITTER = 0.2;
/** Every lane begins with one call at a time, and again after a pause; each success lets one more go: they double with every round. */
const CALLS_FIRST = 1;
/** A lane with 16 out delivered 1750 a second, with 8 1150 (ADR 16); twice as many leave room for receivers that are further away. */
const CALLS_MAX = 32;
/** A lane is given up when its receiver has not taken anything for days, however often it was tried, and not in one bad hour. */
const DISABLED_AFTER_S = 5 * 24 * 60 * 60;
const DISABLED_AFTER_FAILURES = 20;
const DISABLED_AFTER_FAILING_S = 24 * 60 * 60;

export type EndpointStatus = 'active' | 'paused' | 'disabled';

/** How a lane stands, read under the lock of its row. */
export interface LaneHealth {
  readonly status: EndpointStatus;
  /** Failures since the last success. */
  readonly failureStreak: number;
  /** Seconds since the first of them. */
  readonly failing_s: number;
  /** Seconds since the last success, or since the lane was made. */
  readonly unsuccessful_s: number;
  /** In the window that is under way; 0 where none is. */
  readonly recentAttempts: number;
  readonly recentFailures: number;
  readonly pauseCount: number;
  /** The pause is over: what has failed since was the probe. */
  readonly pauseOver: boolean;
  readonly callsMax: number;
}

export type LaneNotice = 'webhook_endpoint.failing' | 'webhook_endpoint.recovered' | 'webhook_endpoint.disabled';

/** How it stands after a group of its attempts, and what its merchant is told. */
export interface LaneChange {
  readonly status: EndpointStatus;
  readonly reason: string | null;
  readonly failureStreak: number;
  /** A window begins with these attempts. */
  readonly recentBegins: boolean;
  readonly recentAttempts: number;
  readonly recentFailures: number;
  readonly pauseCount: number;
  readonly callsMax: number;
  /** A new pause from now on; null: what stands stays. */
  readonly pause_s: number | null;
  readonly succeeded: boolean;
  readonly notice: LaneNotice | null;
}

type Lesson = 'success' | 'failure' | 'gone';

/**
 * Pure: the breaker of one lane, over the attempts of one group in the order in which they ended.
 * @param random in [0, 1).
 */
export function healthAfter(health: LaneHealth, attempts: readonly Lesson[], random: number): LaneChange {
  const now = countsAfter(health, attempts);
  if (health.status === 'disabled') return { ...now, status: 'disabled', reason: null };
  if (attempts.includes('gone')) return disabled(now, 'gone');
  if (isGivenUp(health, now)) return disabled(now, 'failing');

  const wasPaused = health.status === 'paused';
  // Calls that left before the pause began neither end it nor make it longer: only its probe does.
  if (wasPaused && !health.pauseOver) {
    return { ...now, status: 'paused', reason: 'failing', pauseCount: health.pauseCount, callsMax: health.callsMax };
  }
  if (wasPaused ? !now.succeeded : mustPause(now)) return paused(now, { random, told: wasPaused });
  return { ...now, status: 'active', reason: null, notice: wasPaused ? 'webhook_endpoint.recovered' : null };
}

type Counts = Omit<LaneChange, 'status' | 'reason'>;

function countsAfter(health: LaneHealth, attempts: readonly Lesson[]): Counts {
  const lastSuccess = attempts.lastIndexOf('success');
  const succeeded = lastSuccess >= 0;
  const successes = attempts.filter((attempt) => attempt === 'success').length;
  return {
    succeeded,
    failureStreak: (succeeded ? 0 : health.failureStreak) + (attempts.length - 1 - lastSuccess),
    recentBegins: health.recentAttempts === 0,
    recentAttempts: health.recentAttempts + attempts.length,
    recentFailures: health.recentFailures + attempts.length - successes,
    pauseCount: succeeded ? 0 : health.pauseCount,
    callsMax: Math.min(health.callsMax + successes, CALLS_MAX),
    pause_s: null,
    notice: null,
  };
}

const mustPause = ({ failureStreak, recentAttempts, recentFailures }: Counts): boolean =>
  failureStreak >= FAILURES_TO_PAUSE ||
  (recentAttempts >= RECENT_ATTEMPTS_MIN && recentFailures >= FAILURE_SHARE_TO_PAUSE * recentAttempts);

const paused = (now: Counts, { random, told }: { random: number; told: boolean }): LaneChange => ({
  ...now,
  status: 'paused',
  reason: 'failing',
  // What comes after the pause is judged by itself.
  recentBegins: true,
  recentAttempts: 0,
  recentFailures: 0,
  callsMax: CALLS_FIRST,
  pauseCount: now.pauseCount + 1,
  pause_s: Math.min(PAUSE_S * 2 ** now.pauseCount, PAUSE_MAX_S) * (1 + JITTER * (2 * random - 1)),
  // Told once for as long as it fails, not at every probe.
  notice: told ? null : 'webhook_endpoint.failing',
});

const isGivenUp = (health: LaneHealth, { failureStreak, succeeded }: Counts): boolean =>
  !succeeded &&
  failureStreak >= DISABLED_AFTER_FAILURES &&
  health.failing_s >= DISABLED_AFTER_FAILING_S &&
  health.unsuccessful_s >= DISABLED_AFTER_S;

const disabled = (now: Counts, reason: 'gone' | 'failing'): LaneChange => ({
  ...now,
  status: 'disabled',
  reason,
  notice: 'webhook_endpoint.disabled',
});
