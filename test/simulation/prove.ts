import { parseArgs } from 'node:util';
import { startTestServer, stopTestServer } from '../support/test-server.js';
import { openEngine } from './engine.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { CRASH_POINTS } from './points.js';
import { findBug, killAtTheRest, runSeeds, sentencesOf, type Totals } from './suite.js';

/** Engines beside each other; each waits for its database most of the time. */
const ENGINES = 3;

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '500' } } });
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (name: string, figure: string | number): void => print(`  ${name.padEnd(34)}${figure}`);

function printSimulation(totals: Totals, missed: readonly string[]): void {
  print('Simulation');
  row('seeds', totals.seeds);
  row('payouts', totals.payouts);
  row('steps', totals.steps);
  row('kills', totals.kills);
  row('freezes', totals.freezes);
  row('points killed at', `${CRASH_POINTS.length - missed.length} of ${CRASH_POINTS.length}`);
  for (const [fault, count] of [...totals.faults].sort()) row(`  ${fault.replaceAll('_', ' ')}`, count);
}

await startTestServer();
const engines = [];
for (let number = 0; number < ENGINES; number += 1) engines.push(await openEngine());
const [engine] = engines;
if (engine === undefined) throw new Error('no engine');
try {
  const seeds = Number(values.seeds);
  const totals = await runSeeds(engines, 1, seeds);
  const missed = await killAtTheRest(engine, totals, seeds + 1);
  printSimulation(totals, missed);
  print('Planted errors');
  const found = [];
  for (const bug of PLANTED_BUGS) {
    const failure = await findBug(engines, bug);
    row(bug.name, failure === null ? 'NOT FOUND' : `seed ${failure.seed}, invariant ${failure.violations[0]?.invariant ?? 0}`);
    if (failure !== null) found.push(bug);
  }
  const violations = totals.failures.flatMap(sentencesOf);
  print('');
  row('planted errors found', `${found.length} of ${PLANTED_BUGS.length}`);
  row('violations', violations.length);
  for (const sentence of violations) print(`  ${sentence}`);
  if (violations.length > 0 || missed.length > 0 || found.length < PLANTED_BUGS.length) process.exitCode = 1;
} finally {
  for (const each of engines) await each.close();
  await stopTestServer();
}
