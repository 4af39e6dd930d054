import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { toChart } from './chart.js';
import { type Conditions, type Measured, toPage } from './page.js';

const GIB = 1024 ** 3;
const bench = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export function conditionsNow(): Conditions {
  const packages = JSON.parse(readFileSync(bench('../package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const versions = ['agenda', 'pg-boss', 'graphile-worker', 'bullmq', 'pg', 'undici', 'typeorm'].map(
    (name) => `${name} ${packages['dependencies']?.[name] ?? packages['devDependencies']?.[name] ?? ''}`,
  );
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    machine: `${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${Math.round(totalmem() / GIB)} GiB`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    versions: [`Node ${process.versions.node}`, ...versions].join(', '),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: bench('..') }).trim(),
  };
}

/**
 * Keeps a row in the file of its day, in place of an earlier one of that day, and makes the page and its chart anew of the
 * newest of each row: a run that is broken off, or of a few rows, adds what it has.
 * @param order the rows as the page has them.
 */
export async function publish(measured: Measured, order: readonly { readonly name: string }[]): Promise<void> {
  mkdirSync(bench('results'), { recursive: true });
  const file = `results/${measured.at.slice(0, 10)}.json`;
  // A row that failed before its first figure takes nobody's place.
  if (measured.results.length > 0) {
    const others = days().includes(file) ? read(file).filter(({ row }) => row !== measured.row) : [];
    const style = await resolveConfig(bench(file));
    writeFileSync(bench(file), await format(JSON.stringify([...others, measured]), { ...style, parser: 'json' }));
  }
  const newest = new Map(
    days()
      .flatMap(read)
      .map((kept) => [kept.row, kept]),
  );
  const shown = order.flatMap(({ name }) => newest.get(name) ?? []);
  writeFileSync(bench('results/chart.svg'), toChart(shown.flatMap(({ results }) => results)));
  writeFileSync(bench('RESULTS.md'), toPage(shown).concat('\n'));
}

/** The oldest first. */
const days = (): string[] =>
  readdirSync(bench('results'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => `results/${name}`);

const read = (file: string): Measured[] => JSON.parse(readFileSync(bench(file), 'utf8')) as Measured[];
