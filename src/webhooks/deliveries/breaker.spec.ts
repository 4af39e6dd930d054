import { describe, expect, it } from '@jest/globals';
import { healthAfter as healthAfterWith, type LaneHealth } from './breaker.js';

const DAY_S = 86_400;
const active: LaneHealth = {
  status: 'active',
  failureStreak: 0,
  failing_s: 0,
  unsuccessful_s: 0,
  recentAttempts: 0,
  recentFailures: 0,
  pauseCount: 0,
  pauseOver: false,
  callsMax: 1,
};
const probing: LaneHealth = { ...active, status: 'paused', failureStreak: 5, pauseCount: 1, pauseOver: true };

/** Half of the jitter: none. */
const healthAfter = (health: LaneHealth, attempts: Parameters<typeof healthAfterWith>[1]) =>
  healthAfterWith(health, attempts, 0.5);
const failures = (count: number) => Array<'failure'>(count).fill('failure');
const successes = (count: number) => Array<'success'>(count).fill('success');

describe('the breaker of a lane', () => {
  it('stays closed up to four failures in a row', () => {
    expect(healthAfter(active, failures(4))).toMatchObject({ status: 'active', failureStreak: 4, notice: null });
    expect(healthAfter({ ...active, failureStreak: 4 }, ['success', 'failure'])).toMatchObject({
      status: 'active',
      failureStreak: 1,
    });
  });

  it('opens at the fifth, across groups, says so once, and begins with one call again', () => {
    expect(healthAfter({ ...active, failureStreak: 4, callsMax: 16 }, ['failure'])).toEqual({
      status: 'paused',
      reason: 'failing',
      failureStreak: 5,
      recentBegins: true,
      recentAttempts: 0,
      recentFailures: 0,
      pauseCount: 1,
      callsMax: 1,
      pause_s: 30,
      succeeded: false,
      notice: 'webhook_endpoint.failing',
    });
  });

  it('opens where seven of ten attempts of the last minutes failed, in whatever order', () => {
    const mixed = { ...active, recentAttempts: 8, recentFailures: 5 };
    expect(healthAfter(mixed, ['success', 'failure'])).toMatchObject({ status: 'active', recentAttempts: 10, recentFailures: 6 });
    expect(healthAfter({ ...mixed, recentFailures: 6 }, ['success', 'failure'])).toMatchObject({
      status: 'paused',
      notice: 'webhook_endpoint.failing',
    });
    expect(healthAfter({ ...active, recentAttempts: 7, recentFailures: 6 }, ['success', 'failure']).status).toBe('active');
  });

  it('begins a window of its own where none is under way', () => {
    expect(healthAfter(active, ['success']).recentBegins).toBe(true);
    expect(healthAfter({ ...active, recentAttempts: 1 }, ['success']).recentBegins).toBe(false);
  });

  it('doubles the pause with every failed probe, up to a quarter of an hour, and spreads it by a fifth', () => {
    const pauses: (number | null)[] = [];
    let health = probing;
    for (let probe = 0; probe < 7; probe += 1) {
      const after = healthAfter(health, ['failure']);
      pauses.push(after.pause_s);
      expect(after.notice).toBeNull();
      health = { ...health, failureStreak: after.failureStreak, pauseCount: after.pauseCount };
    }
    expect(pauses).toEqual([60, 120, 240, 480, 900, 900, 900]);
    expect(healthAfterWith(active, failures(5), 0).pause_s).toBe(24);
    expect(healthAfterWith(active, failures(5), 0.999999).pause_s).toBeCloseTo(36, 3);
  });

  it('pauses again after one failed probe, whatever it opened for', () => {
    expect(healthAfter({ ...probing, failureStreak: 0 }, ['failure'])).toMatchObject({ status: 'paused', pauseCount: 2 });
  });

  it('is neither closed nor made longer by calls that left before the pause', () => {
    for (const straggler of ['failure', 'success'] as const) {
      expect(healthAfter({ ...probing, pauseOver: false }, [straggler])).toMatchObject({
        status: 'paused',
        pause_s: null,
        pauseCount: 1,
        callsMax: 1,
        notice: null,
      });
    }
  });

  it('closes with the success of its probe, and begins anew', () => {
    expect(healthAfter(probing, ['success'])).toMatchObject({
      status: 'active',
      reason: null,
      failureStreak: 0,
      pauseCount: 0,
      callsMax: 2,
      notice: 'webhook_endpoint.recovered',
    });
  });

  it('lets one more call out for each success, so that they double with every round, up to thirty-two', () => {
    const rounds = [1];
    for (let round = 0; round < 7; round += 1) {
      const callsMax = rounds.at(-1)!;
      rounds.push(healthAfter({ ...active, callsMax }, successes(callsMax)).callsMax);
    }
    expect(rounds).toEqual([1, 2, 4, 8, 16, 32, 32, 32]);
  });

  it('disables the lane on 410, and nothing enables it but a person', () => {
    expect(healthAfter(active, ['success', 'gone'])).toMatchObject({
      status: 'disabled',
      reason: 'gone',
      notice: 'webhook_endpoint.disabled',
    });
    expect(healthAfter({ ...active, status: 'disabled' }, ['success'])).toMatchObject({ status: 'disabled', notice: null });
    expect(healthAfter({ ...active, status: 'disabled' }, ['gone'])).toMatchObject({ status: 'disabled', notice: null });
  });

  const hopeless: LaneHealth = { ...probing, failureStreak: 19, failing_s: DAY_S, unsuccessful_s: 5 * DAY_S };

  it('disables the lane after five days without a success, twenty failures and a day of failing', () => {
    expect(healthAfter(hopeless, ['failure'])).toMatchObject({
      status: 'disabled',
      reason: 'failing',
      notice: 'webhook_endpoint.disabled',
    });
  });

  it.each([
    ['a success', { health: hopeless, attempt: 'success', status: 'active' }],
    ['fewer than five days', { health: { ...hopeless, unsuccessful_s: 5 * DAY_S - 1 }, attempt: 'failure', status: 'paused' }],
    ['fewer than twenty failures', { health: { ...hopeless, failureStreak: 18 }, attempt: 'failure', status: 'paused' }],
    ['less than a day of failing', { health: { ...hopeless, failing_s: DAY_S - 1 }, attempt: 'failure', status: 'paused' }],
  ] as const)('does not after %s', (_, { health, attempt, status }) => {
    expect(healthAfter(health, [attempt]).status).toBe(status);
  });
});
