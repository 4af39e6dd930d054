import type { Result } from './contest.js';
import { verdictOf } from './goal.js';
import { shown, spokenVerdict, tableOf, toNotes, toTable } from './table.js';

/** What figures depend on besides the code. */
export interface Conditions {
  /** When the row began. */
  readonly at: string;
  readonly machine: string;
  /** Of the minute before, by others: figures of a busy machine are to be read with care. */
  readonly load: number;
  readonly versions: string;
  readonly commit: string;
}

/** One row as it was measured last. */
export interface Measured extends Conditions {
  readonly row: string;
  readonly asks: string;
  readonly postgres: string;
  readonly effort: string;
  readonly seed: number;
  readonly span_s: number;
  readonly failure: string | null;
  readonly results: readonly Result[];
}

/** RESULTS.md: the goals at a glance, the chart, and every contest of every row with what it was measured on. */
export function toPage(rows: readonly Measured[]): string {
  const goals = rows.flatMap(goalsOf);
  const met = goals.filter(({ verdict }) => verdict === 'met').length;
  return [
    '# Results',
    'Made by `npm run bench -- --publish`; what the rows and columns mean, and how a run is made, is in [the bench](README.md). Each row is the newest that was published, and says when and on what it was measured.',
    ...different(rows.map(({ machine, postgres, versions }) => `${machine}. PostgreSQL ${postgres}, ${versions}.`)),
    '## Goals',
    `${met} of ${goals.length} are met. What is known of the others stands below their tables.`,
    tableOf(
      ['contest', 'measure', 'goal', 'median', 'of the limit', ''],
      goals.map(({ cells, verdict }) => [...cells, verdict === 'missed' ? '**missed**' : verdict]),
    ),
    '![Every contest by its first measure](results/chart.svg)',
    ...rows.flatMap(sectionOf),
  ].join('\n\n');
}

const different = (lines: readonly string[]): string[] => [...new Set(lines)];

function goalsOf({ results }: Measured): { cells: string[]; verdict: string }[] {
  return results.flatMap((result) =>
    result.standings.flatMap((standing) =>
      result.measures.flatMap((measure) => {
        const verdict = verdictOf(measure, standing, result);
        if (verdict === null) return [];
        const own = standing.figures[measure.name];
        const name = standing.name === 'Tranche' ? result.title : `${result.title}, ${standing.name}`;
        const median = own === undefined ? '' : `${shown(own.median)} ${measure.unit}`;
        const ratio = standing.ofLimit[measure.name]?.median.toFixed(2) ?? '';
        return [{ cells: [name, measure.name, verdict.goal, median, ratio], verdict: spokenVerdict(verdict.met) }];
      }),
    ),
  );
}

function sectionOf({ row, asks, at, commit, effort, seed, span_s, load, failure, results }: Measured): string[] {
  const sentence = `${asks[0]?.toUpperCase() ?? ''}${asks.slice(1)}.`;
  const conditions = `${at.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}, sizes "${effort}", seed ${seed}, ${span_s} s in all, load before it ${load}.`;
  const early = failure === null ? [] : [`It ended early: ${failure}.`];
  const contests = results.flatMap((result) => [
    `### ${result.title} (${result.rounds} ${result.rounds === 1 ? 'round' : 'rounds'})`,
    toTable(result),
    toNotes(result),
  ]);
  return [`## ${row}`, sentence, conditions, ...early, ...contests].filter((part) => part !== '');
}
