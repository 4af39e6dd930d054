import { parseArgs } from 'node:util';
import { hold, type Result } from './measure/contest.js';
import { publish, type Run } from './measure/results.js';
import { seededRandom } from './measure/statistics.js';
import { toNotes, toTable } from './measure/table.js';
import { rows } from './rows/index.js';
import type { Effort, Row } from './rows/row.js';
import { Stage } from './stage/stage.js';

/** Fewer show nothing of how much rounds differ. */
const ROUNDS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    /** Only contests whose title has this in it. */
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    /** A folder for profiles of the programs; the statements that took the server's time are shown, too. */
    profile: { type: 'string' },
    /** Writes bench/results and bench/RESULTS.md; without it a run only shows its tables. */
    publish: { type: 'boolean', default: false },
  },
});

const effort: Effort = values.quick ? 'quick' : values.full ? 'full' : 'usual';
const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function chosen(): readonly Row[] {
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length === 0) return positionals.length === 0 ? rows : rows.filter(({ name }) => positionals.includes(name));
  throw new Error(`there is no row ${unknown.join(', ')}; there are ${rows.map(({ name }) => name).join(', ')}`);
}

let postgres = '';
let open: Stage | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The servers of a stage would outlive us.
  process.once(signal, () => void Promise.resolve(open?.close()).finally(() => process.exit(1)));
}

async function resultsOf(row: Row): Promise<Result[]> {
  const stage = await Stage.open(values.profile ?? null);
  open = stage;
  postgres = await stage.servers.version();
  try {
    const random = seededRandom(Number(values.seed));
    const results: Result[] = [];
    const contests = await row.contests(stage, effort);
    for (const contest of contests.filter(({ title }) => title.includes(values.only))) {
      results.push(await hold(contest, { rounds, random, postmaster: stage.servers.postmaster, say }));
    }
    if (values.profile !== undefined) console.table(await stage.servers.statements());
    return results;
  } finally {
    await stage.close();
  }
}

const began = performance.now();
const measured: Run['rows'][number][] = [];
for (const row of chosen()) {
  say(`\n${row.name}: ${row.asks}`);
  const results = await resultsOf(row);
  measured.push({ name: row.name, asks: row.asks, results });
  for (const result of results)
    console.log(`\n${result.title}, ${result.rounds} rounds\n\n${toTable(result)}\n\n${toNotes(result)}`);
}
const span_s = Math.round((performance.now() - began) / 1000);
console.log(`\nseed ${values.seed}, ${span_s} s in all`);
if (values.publish) publish({ effort, seed: Number(values.seed), span_s, postgres, rows: measured });
// Other schedulers leave timers behind that would hold the process for minutes.
process.exit(0);
