import type { Engine } from './engine.js';
import type { Violation } from './invariants.js';
import { CRASH_POINTS } from './points.js';
import { run, type RunReport } from './run.js';
import type { PlantedBug } from './scene.js';

/** Seeds within which every planted error has to be found. */
export const SEEDS_TO_FIND_A_BUG = 300;

/** A run that broke an invariant, with all that is needed to see it again. */
export interface Failure {
  readonly seed: number;
  readonly crashPoint: string | null;
  readonly violations: readonly Violation[];
}

/** What seeds came to. */
interface Figures extends Pick<RunReport, 'payouts' | 'steps' | 'kills' | 'freezes' | 'faults' | 'killedAt'> {
  readonly seeds: number;
  readonly failures: readonly Failure[];
}

/** The same, added up. */
export interface Totals extends Figures {
  seeds: number;
  payouts: number;
  steps: number;
  kills: number;
  freezes: number;
  readonly faults: Map<string, number>;
  readonly killedAt: Set<string>;
  readonly failures: Failure[];
}

/** Which point a seed kills at: every point in turn, so that a few dozen seeds have met all of them. */
const crashPointOf = (seed: number): string | null => CRASH_POINTS[seed % CRASH_POINTS.length] ?? null;

/** One run with the point that its number says: the same for everybody who replays it. */
export const runSeed = (
  engine: Engine,
  seed: number,
  more: { bug?: PlantedBug; keepLines?: boolean } = {},
): Promise<RunReport> => {
  const crashPoint = crashPointOf(seed);
  return run({ engine, seed, ...more, ...(crashPoint === null ? {} : { crashPoint }) });
};

/** Runs these seeds, several engines beside each other: each waits for its database most of the time. */
export async function runSeeds(engines: readonly Engine[], first: number, count: number): Promise<Totals> {
  const totals = noTotals();
  let next = first;
  await Promise.all(
    engines.map(async (engine) => {
      for (let seed = next++; seed < first + count; seed = next++) add(totals, await runSeed(engine, seed));
    }),
  );
  return totals;
}

export const noTotals = (): Totals => ({
  seeds: 0,
  payouts: 0,
  steps: 0,
  kills: 0,
  freezes: 0,
  faults: new Map(),
  killedAt: new Set(),
  failures: [],
});

function add(totals: Totals, report: RunReport): void {
  const { seed, violations } = report;
  const failures = violations.length > 0 ? [{ seed, crashPoint: crashPointOf(seed), violations }] : [];
  addAll(totals, { ...report, seeds: 1, failures });
}

export function addAll(totals: Totals, more: Figures): void {
  totals.seeds += more.seeds;
  totals.payouts += more.payouts;
  totals.steps += more.steps;
  totals.kills += more.kills;
  totals.freezes += more.freezes;
  for (const [name, count] of more.faults) totals.faults.set(name, (totals.faults.get(name) ?? 0) + count);
  for (const point of more.killedAt) totals.killedAt.add(point);
  totals.failures.push(...more.failures);
}

/** The points at which nobody was killed yet, made up for: seeds that aim at one point until it is hit. */
export async function killAtTheRest(engine: Engine, totals: Totals, first: number): Promise<string[]> {
  const tries = 60;
  let seed = first;
  for (const crashPoint of CRASH_POINTS) {
    for (let left = tries; left > 0 && !totals.killedAt.has(crashPoint); left -= 1, seed += 1) {
      add(totals, await run({ engine, seed, crashPoint }));
    }
  }
  return CRASH_POINTS.filter((point) => !totals.killedAt.has(point));
}

/** A seed that finds the planted error, and how; null: none did. */
export async function findBug(engines: readonly Engine[], bug: PlantedBug): Promise<Failure | null> {
  let met = bug.statement === undefined;
  let found: Failure | null = null;
  let next = 1;
  await Promise.all(
    engines.map(async (engine) => {
      for (let seed = next++; seed <= SEEDS_TO_FIND_A_BUG && found === null; seed = next++) {
        const { violations, planted } = await runSeed(engine, seed, { bug });
        met ||= planted;
        if (violations.length > 0 && met) found ??= { seed, crashPoint: crashPointOf(seed), violations };
      }
    }),
  );
  return found;
}

export const sentencesOf = ({ seed, violations }: Failure): string[] =>
  violations.map(({ invariant, subject, detail }) => `seed ${seed}: invariant ${invariant}: ${subject} ${detail}`);
