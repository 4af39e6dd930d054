import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { toChart } from './chart.js';
import type { Result } from './contest.js';
import { toNotes, toTable } from './table.js';

const GIB = 1024 ** 3;
const bench = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export interface Run {
  readonly effort: string;
  readonly seed: number;
  readonly span_s: number;
  readonly postgres: string;
  readonly rows: readonly { readonly name: string; readonly asks: string; readonly results: readonly Result[] }[];
}

/** Writes the run as data, and as a page with its chart: what it says can be had again by its seed. */
export function publish(run: Run): void {
  const date = new Date().toISOString().slice(0, 10);
  const conditions = { date, ...machine(run) };
  mkdirSync(bench('results'), { recursive: true });
  writeFileSync(bench(`results/${date}.json`), `${JSON.stringify({ ...conditions, ...run }, null, 2)}\n`);
  writeFileSync(bench(`results/${date}.svg`), toChart(run.rows.flatMap(({ results }) => results)));
  writeFileSync(bench('RESULTS.md'), page(run, conditions));
}

function machine({ postgres }: Run): Record<string, string> {
  const packages = JSON.parse(readFileSync(bench('../package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const versions = ['agenda', 'pg-boss', 'graphile-worker', 'bullmq', 'pg', 'undici', 'typeorm'].map(
    (name) => `${name} ${packages['dependencies']?.[name] ?? packages['devDependencies']?.[name] ?? ''}`,
  );
  const [cpu] = cpus();
  return {
    machine: `${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${Math.round(totalmem() / GIB)} GiB`,
    versions: [`Node ${process.versions.node}`, `PostgreSQL ${postgres}`, ...versions].join(', '),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: bench('..') }).trim(),
  };
}

function page(run: Run, { date, machine: on, versions, commit }: Record<string, string>): string {
  const tables = run.rows.flatMap(({ name, asks, results }) => [
    `## ${name}`,
    `${asks[0]?.toUpperCase() ?? ''}${asks.slice(1)}.`,
    ...results.flatMap((result) => [`### ${result.title} (${result.rounds} rounds)`, toTable(result), toNotes(result)]),
  ]);
  return [
    '# Results',
    'Made by `npm run bench -- --publish`; what the rows and columns mean is in [the bench](README.md).',
    `${date ?? ''}, commit ${commit ?? ''}, sizes "${run.effort}", seed ${run.seed}, ${run.span_s} s in all. ${on ?? ''}. ${versions ?? ''}.`,
    `![Every contest by its first measure](results/${date ?? ''}.svg)`,
    ...tables,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}
