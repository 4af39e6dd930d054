import type { Measure, Result, Standing } from './contest.js';
import { verdictOf } from './goal.js';
import type { Spread } from './statistics.js';

const HEAD = [
  'what',
  'median',
  'least to most',
  'of the limit',
  'goal',
  '',
  'Tranche is × as good',
  'µs of Node + PostgreSQL each',
];

export const shown = (value: number | null): string => {
  // JSON has no word for what a system did not show.
  if (value === null || Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** Below 1 with a third place: goals are there, and one that is missed by it should show it. */
const ratio = (spread: Spread | undefined): string =>
  spread === undefined ? '' : spread.median.toFixed(spread.median < 1 ? 3 : 2);

export const spokenVerdict = (met: boolean | null): string => (met === null ? '?' : met ? 'met' : 'missed');

function lineOf(standing: Standing, measure: Measure, result: Result): string[] {
  const { name, figures, ofLimit, engineIsTimes, processor } = standing;
  const spread = figures[measure.name];
  if (spread === undefined) return [];
  const verdict = verdictOf(measure, standing, result);
  const first = measure === result.measures.find((one) => figures[one.name] !== undefined);
  return [
    `${name}, ${measure.name}`,
    `${shown(spread.median)} ${measure.unit}`,
    `${shown(spread.min)} to ${shown(spread.max)}`,
    ratio(ofLimit[measure.name]),
    verdict?.goal ?? '',
    verdict === null ? '' : spokenVerdict(verdict.met),
    ratio(engineIsTimes[measure.name]),
    first && processor !== null ? `${shown(processor.node_us)} + ${shown(processor.postgres_us)}` : '',
  ];
}

/** Markdown that is also straight on a screen. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [text(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(text)].join('\n');
}

/** One contest. */
export const toTable = (result: Result): string =>
  tableOf(
    HEAD,
    result.standings.flatMap((standing) =>
      result.measures.map((measure) => lineOf(standing, measure, result)).filter((line) => line.length > 0),
    ),
  );

/** What a fair reader has to know of the contenders, and what is known of a goal that was missed. */
export function toNotes(result: Result): string {
  const notes = result.standings.flatMap(({ name, note }) => (note === null ? [] : [`- ${name}: ${note}.`]));
  const missed = result.measures.filter((measure) =>
    result.standings.some((standing) => verdictOf(measure, standing, result)?.met === false),
  );
  const reasons = missed.map(({ name, whyMissed }) => `- Missed, ${name}: ${whyMissed ?? 'not explained yet.'}`);
  return [...notes, ...reasons].join('\n');
}
