import { describe, expect, it } from '@jest/globals';
import { breakerAfter, FAULTS_TO_OPEN } from './connector-breaker.js';

const CLOSED = { faultStreak: 0, openings: 0, waitOver: false };
const faults = (faultsAtEnd: number) => ({ answered: 0, faultsAtEnd });
const ANSWERED = { answered: 1, faultsAtEnd: 0 };

describe('the breaker of a connector', () => {
  it('opens at the tenth fault in a row, over any number of groups', () => {
    expect(breakerAfter(CLOSED, faults(FAULTS_TO_OPEN - 1))).toMatchObject({ openings: 0, open_ms: null });
    expect(breakerAfter({ ...CLOSED, faultStreak: FAULTS_TO_OPEN - 1 }, faults(1))).toMatchObject({
      openings: 1,
      open_ms: 5_000,
    });
  });

  it('counts from the last answer on', () => {
    expect(breakerAfter({ ...CLOSED, faultStreak: 9 }, { answered: 1, faultsAtEnd: 3 })).toMatchObject({
      faultStreak: 3,
      openings: 0,
    });
  });

  it('waits twice as long after each probe that fails, and never longer than two minutes', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6].map(
      (openings) => breakerAfter({ faultStreak: 20, openings, waitOver: true }, faults(1)).open_ms,
    );
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 120_000, 120_000]);
  });

  it('is not held open longer by calls that left before it opened', () => {
    expect(breakerAfter({ faultStreak: 20, openings: 1, waitOver: false }, faults(30))).toMatchObject({
      openings: 1,
      open_ms: null,
    });
  });

  it('closes at the first answer', () => {
    expect(breakerAfter({ faultStreak: 20, openings: 3, waitOver: true }, ANSWERED)).toEqual({
      faultStreak: 0,
      openings: 0,
      open_ms: null,
      closes: true,
    });
    expect(breakerAfter(CLOSED, ANSWERED).closes).toBe(false);
  });
});
