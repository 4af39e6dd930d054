import type { Measure, Result, Standing } from './contest.js';
import type { Spread } from './statistics.js';

const HEAD = ['what', 'median', 'least to most', 'of the limit', 'goal', 'Tranche is × as good', 'µs of Node + PostgreSQL each'];

export const shown = (value: number): string => {
  if (Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
};

const ratio = (spread: Spread | undefined): string => (spread === undefined ? '' : spread.median.toFixed(2));

function lineOf(standing: Standing, measure: Measure, first: boolean): string[] {
  const { name, figures, ofLimit, engineIsTimes, processor, kind } = standing;
  const spread = figures[measure.name];
  if (spread === undefined) return [];
  const goal = kind === 'engine' ? (measure.goal?.toFixed(2) ?? measure.goalInWords ?? '') : '';
  return [
    `${name}, ${measure.name}`,
    `${shown(spread.median)} ${measure.unit}`,
    `${shown(spread.min)} to ${shown(spread.max)}`,
    ratio(ofLimit[measure.name]),
    goal,
    ratio(engineIsTimes[measure.name]),
    first && processor !== null ? `${shown(processor.node_us)} + ${shown(processor.postgres_us)}` : '',
  ];
}

/** One contest as a Markdown table that is also straight on a screen. */
export function toTable({ measures, standings }: Result): string {
  const rows = standings.flatMap((standing) =>
    measures.map((measure, index) => lineOf(standing, measure, index === 0)).filter((line) => line.length > 0),
  );
  const lines = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [text(HEAD), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(text)].join('\n');
}

/** What a fair reader has to know of the contenders. */
export const toNotes = ({ standings }: Result): string =>
  standings.flatMap(({ name, note }) => (note === null ? [] : [`- ${name}: ${note}.`])).join('\n');
