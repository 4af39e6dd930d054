/** One line of the table; `limit` is what the machine can do without the engine, measured in the same run. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: 'payouts/s' | 'ms';
  readonly limit?: { readonly what: string; readonly value: number };
  readonly goal?: string;
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const rounded = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1));

export function toTable(figures: readonly Figure[]): string {
  const rows = [
    ['what', 'figure', 'limit in this run', 'ratio', 'goal'],
    ...figures.map(({ what, value, unit, limit, goal }) => [
      what,
      `${rounded(value)} ${unit}`,
      limit === undefined ? '' : `${rounded(limit.value)} ${unit} (${limit.what})`,
      limit === undefined ? '' : (unit === 'ms' ? limit.value / value : value / limit.value).toFixed(2),
      goal ?? '',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lineOf = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [lineOf(rows[0] ?? []), rule, ...rows.slice(1).map(lineOf)].join('\n');
}
