/** Failures in a row after which a lane pauses: fewer happen to healthy receivers, more only burn attempts. */
const FAILURES_TO_PAUSE = 5;
/** The first pause; each further one is twice as long, up to the second figure. */
const PAUSE_S = 30;
const PAUSE_MAX_S = 15 * 60;

export type EndpointStatus = 'active' | 'paused' | 'disabled';

/** How a lane stands, read under the lock of its row. */
export interface LaneHealth {
  readonly status: EndpointStatus;
  readonly failureStreak: number;
  readonly pauseCount: number;
  /** The pause is over: what has failed since was the probe. */
  readonly pauseOver: boolean;
}

export type LaneNotice = 'webhook_endpoint.failing' | 'webhook_endpoint.recovered' | 'webhook_endpoint.disabled';

/** How it stands after a group of its attempts, and what its merchant is told. */
export interface LaneChange {
  readonly status: EndpointStatus;
  readonly reason: string | null;
  readonly failureStreak: number;
  readonly pauseCount: number;
  /** A new pause from now on; null: what stands stays. */
  readonly pause_s: number | null;
  readonly succeeded: boolean;
  readonly notice: LaneNotice | null;
}

/** Pure: the breaker of one lane, over the attempts of one group in the order in which they ended. */
export function healthAfter(health: LaneHealth, attempts: readonly ('success' | 'failure' | 'gone')[]): LaneChange {
  const lastSuccess = attempts.lastIndexOf('success');
  const succeeded = lastSuccess >= 0;
  const failureStreak = (succeeded ? 0 : health.failureStreak) + (attempts.length - 1 - lastSuccess);
  const pauseCount = succeeded ? 0 : health.pauseCount;
  const now = { failureStreak, pauseCount, succeeded, pause_s: null, notice: null };

  if (health.status === 'disabled') return { ...now, status: 'disabled', reason: null };
  if (attempts.includes('gone')) return { ...now, status: 'disabled', reason: 'gone', notice: 'webhook_endpoint.disabled' };
  const paused = health.status === 'paused' && !succeeded;
  // Stragglers that left before the pause began do not make it longer.
  if (failureStreak >= FAILURES_TO_PAUSE && (!paused || health.pauseOver)) {
    return {
      ...now,
      status: 'paused',
      reason: 'failing',
      pauseCount: pauseCount + 1,
      pause_s: Math.min(PAUSE_S * 2 ** pauseCount, PAUSE_MAX_S),
      // Told once for as long as it fails, not at every probe.
      notice: health.status === 'paused' ? null : 'webhook_endpoint.failing',
    };
  }
  if (paused) return { ...now, status: 'paused', reason: 'failing' };
  return { ...now, status: 'active', reason: null, notice: health.status === 'paused' ? 'webhook_endpoint.recovered' : null };
}
