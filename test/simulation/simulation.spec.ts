import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Engine, openEngine } from './engine.js';
import { INVARIANTS } from './invariants.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { CRASH_POINTS } from './points.js';
import { findBug, killAtTheRest, runSeed, runSeeds, SEEDS_TO_FIND_A_BUG, sentencesOf, type Totals } from './suite.js';

/** More of them with `SIMULATION_SEEDS`; a failing one is shown step by step with `SEED=n npm run simulate`. */
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? '150');
/** Beside each other: one computes while the other waits for its database. */
const ENGINES = 3;
/** A machine that runs everything else at the same time is slow. */
const PATIENCE_MS = 60_000 + SEEDS * 2_000;

let engines: Engine[] = [];
let totals: Totals;

beforeAll(async () => {
  for (let number = 0; number < ENGINES; number += 1) engines.push(await openEngine());
  totals = await runSeeds(engines, 1, SEEDS);
}, PATIENCE_MS);
afterAll(async () => {
  for (const engine of engines) await engine.close();
  engines = [];
});

describe('the simulation', () => {
  jest.setTimeout(PATIENCE_MS);

  it('breaks no invariant, whatever dies, freezes, is lost, late or doubled', () => {
    expect(totals.failures.flatMap(sentencesOf)).toEqual([]);
  });

  it('is rough: payments, kills, freezes and faults of every kind happen', () => {
    expect(totals.seeds).toBe(SEEDS);
    expect(Math.min(totals.payouts, totals.kills, totals.freezes)).toBeGreaterThan(0);
    for (const fault of ['answer_lost', 'error_after_effect', 'request_late', 'doubled', 'hang', 'busy', 'another_payment'])
      expect([...totals.faults.keys()]).toContain(`send ${fault}`);
    for (const fault of ['conflict', 'lose_connection', 'lose_acknowledgement', 'look_up stale'])
      expect([...totals.faults.keys()]).toContain(fault);
  });

  it('kills a server at every labelled point', async () => {
    expect(await killAtTheRest(engines[0]!, totals, SEEDS + 1)).toEqual([]);
    expect(totals.killedAt.size).toBeGreaterThanOrEqual(CRASH_POINTS.length);
    expect(totals.failures.flatMap(sentencesOf)).toEqual([]);
  });

  it('makes the same run of the same seed, whatever ran before', async () => {
    for (const seed of [3, 7, 11]) {
      const [first, second] = [await runSeed(engines[0]!, seed), await runSeed(engines[1]!, seed)];
      expect(second.hash).toBe(first.hash);
    }
  });

  it('has a check, or the test that proves it, for each of the thirty invariants', () => {
    expect(INVARIANTS.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(INVARIANTS.filter(({ check, provenBy }) => check === undefined && provenBy === undefined)).toEqual([]);
  });
});

describe(`a planted error is found within ${SEEDS_TO_FIND_A_BUG} seeds`, () => {
  jest.setTimeout(PATIENCE_MS);

  it.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))('%s', async (_name, bug) => {
    expect(await findBug(engines, bug)).not.toBeNull();
  });
});
