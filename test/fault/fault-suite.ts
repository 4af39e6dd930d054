import { Random } from '../simulation/random.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { cut, outage, restart, stall, terminate } from './database-faults.js';
import type { FaultKind, RunPlan } from './fault-kind.js';
import { faultRun, type RunReport } from './fault-run.js';
import { clocks, kill, longFreeze, shortFreeze } from './process-faults.js';
import { errorAfterEffect, forgets, garbage, hang, hangFullLength, lateBooks, redirects } from './provider-faults.js';
import { restore } from './restore-fault.js';

/** Every kind of fault, the longest first, so that no lane is left with it at the end. */
export const KINDS: readonly FaultKind[] = [
  ...[longFreeze, restore, kill, cut, stall, terminate, restart, outage, shortFreeze, forgets],
  ...[errorAfterEffect, hang, lateBooks, garbage, redirects, clocks],
];
/** What can be mixed with each other: everything that leaves the settings of the scene alone. */
const OF_US = [kill, shortFreeze, cut, stall, terminate, restart, outage];
const OF_PROVIDERS = [errorAfterEffect, hang, garbage, redirects];
/** In the large form, so many of a hundred runs have faults of full length. */
const FULL_LENGTH_PERCENT = 20;

/**
 * What the number of a run says: the first ones have one kind each, so that all kinds occur and each shows by itself; every
 * later one has a fault of ours and one of the provider's at once, and every so many-th one kind alone again.
 */
export function planOf(seed: number, { large }: { large: boolean }): RunPlan {
  const random = new Random(seed);
  const fullLength = large && random.between(1, 100) <= FULL_LENGTH_PERCENT;
  const alone = seed <= KINDS.length ? KINDS[seed - 1] : random.chance(0.3) ? random.pick(KINDS) : undefined;
  if (alone !== undefined) return { seed, fullLength, kinds: [fullLength && alone === hang ? hangFullLength : alone] };
  return { seed, fullLength, kinds: [random.pick(OF_US), random.pick(OF_PROVIDERS)] };
}

/** So many, that every kind occurs alone and some are mixed. */
export const RUNS_USUAL = 20;
/** Clusters side by side: most of a run is waiting for leases to end. */
const LANES = 5;

export interface FaultRuns {
  readonly count: number;
  readonly first?: number;
  readonly large?: boolean;
  readonly lanes?: number;
  /** Told of each run as it ends. */
  readonly ended?: (report: RunReport) => void;
}

export async function faultRuns({ count, first = 1, large = false, lanes = LANES, ended }: FaultRuns): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  let next = first;
  const lane = async (): Promise<void> => {
    const postgres = await OwnPostgres.open();
    try {
      for (let seed = next++; seed < first + count; seed = next++) {
        const report = await faultRun(planOf(seed, { large }), postgres);
        reports.push(report);
        ended?.(report);
      }
    } finally {
      await postgres.close();
    }
  };
  // Every lane clears up after itself, also where another one can not go on.
  const lanesEnded = await Promise.allSettled(Array.from({ length: Math.min(lanes, count) }, lane));
  for (const one of lanesEnded) if (one.status === 'rejected') throw one.reason;
  return reports.sort((one, other) => one.seed - other.seed);
}

export const violationsOf = ({ seed, faults, violations }: RunReport): string[] =>
  violations.map(
    ({ invariant, subject, detail }) => `run ${seed} (${faults.join(', ')}): invariant ${invariant}: ${subject} ${detail}`,
  );

/** What happened in all of them together. */
export function happenings(reports: readonly RunReport[]): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const { counts } of reports) for (const [name, count] of counts) totals.set(name, (totals.get(name) ?? 0) + count);
  return new Map([...totals].sort(([one], [other]) => one.localeCompare(other)));
}
