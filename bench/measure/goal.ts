import type { Measure, Result, Standing } from './contest.js';

export interface Verdict {
  readonly goal: string;
  /** By the medians; null where the run had nothing to compare with. */
  readonly met: boolean | null;
}

/** @returns null where nothing is to be reached. */
export function verdictOf({ name, unit, goal }: Measure, standing: Standing, { standings }: Result): Verdict | null {
  if (goal === undefined || standing.kind !== 'engine') return null;
  const own = standing.figures[name]?.median;
  if ('ofLimit' in goal) {
    const ratio = standing.ofLimit[name]?.median;
    return { goal: `${goal.ofLimit} of the limit`, met: ratio === undefined ? null : ratio >= goal.ofLimit };
  }
  if ('timesPeers' in goal) {
    const times = standings.flatMap(({ engineIsTimes }) => engineIsTimes[name]?.median ?? []);
    return { goal: `${goal.timesPeers} × each peer`, met: times.length === 0 ? null : Math.min(...times) >= goal.timesPeers };
  }
  if ('atMost' in goal) return { goal: `at most ${goal.atMost} ${unit}`, met: own === undefined ? null : own <= goal.atMost };
  return { goal: `at least ${goal.atLeast} ${unit}`, met: own === undefined ? null : own >= goal.atLeast };
}
