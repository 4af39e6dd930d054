import { parseArgs } from 'node:util';
import type { Measured } from './measure/page.js';
import { conditionsNow, publish } from './measure/results.js';
import { toNotes, toTable } from './measure/table.js';
import { absentPeers } from './peers/index.js';
import { rows } from './rows/index.js';
import type { Effort, Row } from './rows/row.js';
import { budgetOf_ms, type Outcome, runRow } from './run-row.js';

/** Fewer show nothing of how much rounds differ. */
const ROUNDS = 5;
const MINUTE_MS = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    profile: { type: 'string' },
    /** Writes results/ and RESULTS.md after each row; without it a run only shows its tables. */
    publish: { type: 'boolean', default: false },
  },
});

const effort: Effort = values.quick ? 'quick' : values.full ? 'full' : 'usual';
const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
const seed = Number(values.seed);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const minutes = (ms: number): string => `${Math.ceil(ms / MINUTE_MS)} min`;

function chosen(): readonly Row[] {
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length === 0) return positionals.length === 0 ? rows : rows.filter(({ name }) => positionals.includes(name));
  throw new Error(`there is no row ${unknown.join(', ')}; there are ${rows.map(({ name }) => name).join(', ')}`);
}
if (values.publish && values.only !== '') throw new Error('a row is published whole: --publish does not go with --only');

const interruption = new AbortController();
const interrupted = interruption.signal;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

async function measured(row: Row): Promise<Outcome> {
  const budget_ms = budgetOf_ms(row, effort, rounds);
  const order = { row: row.name, effort, rounds, seed, only: values.only, profile: values.profile ?? null, budget_ms };
  const run = runRow(order, (result) => {
    console.log(`\n${result.title}, ${result.rounds} rounds\n\n${toTable(result)}\n\n${toNotes(result)}`);
  });
  interrupted.addEventListener('abort', run.end);
  return run.outcome.finally(() => interrupted.removeEventListener('abort', run.end));
}

const began = performance.now();
const left = [...chosen()];
const failed: string[] = [];
const expected = (): string => minutes(left.reduce((sum, row) => sum + budgetOf_ms(row, effort, rounds), 0));
say(`${left.length} rows, ${rounds} rounds, sizes "${effort}", seed ${seed}: about ${expected()} at the most`);
for (const sentence of absentPeers) say(sentence);
for (const row of chosen()) {
  if (interrupted.aborted) break;
  say(`\n${row.name}: ${row.asks} (${minutes(performance.now() - began)} so far, at most ${expected()} to go)`);
  const conditions = conditionsNow();
  const start = performance.now();
  const { postgres, results, failure } = await measured(row);
  if (failure !== null) failed.push(`${row.name}: ${failure}`);
  const span_s = Math.round((performance.now() - start) / 1000);
  const kept: Measured = { row: row.name, asks: row.asks, ...conditions, postgres, effort, seed, span_s, failure, results };
  if (values.publish) await publish(kept, rows);
  left.shift();
}
for (const failure of failed) say(`FAILED ${failure}`);
say(`\n${Math.round((performance.now() - began) / 1000)} s in all`);
process.exitCode = failed.length > 0 || interrupted.aborted ? 1 : 0;
