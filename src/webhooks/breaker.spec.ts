import { describe, expect, it } from '@jest/globals';
import { healthAfter, type LaneHealth } from './breaker.js';

const active: LaneHealth = { status: 'active', failureStreak: 0, pauseCount: 0, pauseOver: false };
const probing: LaneHealth = { status: 'paused', failureStreak: 5, pauseCount: 1, pauseOver: true };

describe('the breaker of a lane', () => {
  it('stays closed up to four failures in a row', () => {
    expect(healthAfter(active, ['failure', 'failure', 'failure', 'failure'])).toMatchObject({
      status: 'active',
      failureStreak: 4,
      notice: null,
    });
    expect(healthAfter({ ...active, failureStreak: 4 }, ['success', 'failure'])).toMatchObject({
      status: 'active',
      failureStreak: 1,
    });
  });

  it('opens at the fifth, across groups, and says so once', () => {
    expect(healthAfter({ ...active, failureStreak: 4 }, ['failure'])).toEqual({
      status: 'paused',
      reason: 'failing',
      failureStreak: 5,
      pauseCount: 1,
      pause_s: 30,
      succeeded: false,
      notice: 'webhook_endpoint.failing',
    });
  });

  it('doubles the pause with every failed probe, up to a quarter of an hour', () => {
    const pauses: (number | null)[] = [];
    let health = probing;
    for (let probe = 0; probe < 7; probe += 1) {
      const after = healthAfter(health, ['failure']);
      pauses.push(after.pause_s);
      expect(after.notice).toBeNull();
      health = { ...health, failureStreak: after.failureStreak, pauseCount: after.pauseCount };
    }
    expect(pauses).toEqual([60, 120, 240, 480, 900, 900, 900]);
  });

  it('is not made longer by stragglers that fail while it is open', () => {
    expect(healthAfter({ ...probing, pauseOver: false }, ['failure', 'failure'])).toMatchObject({
      status: 'paused',
      pause_s: null,
      pauseCount: 1,
    });
  });

  it('closes with one success, and begins anew', () => {
    const after = healthAfter(probing, ['success']);
    expect(after).toMatchObject({
      status: 'active',
      reason: null,
      failureStreak: 0,
      pauseCount: 0,
      notice: 'webhook_endpoint.recovered',
    });
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
});
