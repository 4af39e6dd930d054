import { parseArgs } from 'node:util';
import type { RunReport } from '../fault/fault-run.js';
import { faultRuns, happenings, RUNS_USUAL, violationsOf } from '../fault/fault-suite.js';
import { startTestServer, stopTestServer } from '../support/test-server.js';
import { type Engine, openEngine } from './engine.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { CRASH_POINTS } from './points.js';
import { findBug, killAtTheRest, runSeeds, sentencesOf, type Totals } from './suite.js';

/** Engines beside each other; each waits for its database most of the time. */
const ENGINES = 3;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, runs: { type: 'string', default: String(RUNS_USUAL) } },
});
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

function printRuns(reports: readonly RunReport[]): void {
  print('Processes');
  row('runs', reports.length);
  row('payouts', sum(reports.map(({ payouts }) => payouts)));
  for (const [name, count] of happenings(reports)) row(`  ${name}`, count);
  row('longest way to rest', `${Math.max(0, ...reports.map(({ rest_s }) => rest_s)).toFixed(1)} s`);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** @returns what is wrong, in sentences. */
async function proveBySimulation(): Promise<string[]> {
  await startTestServer();
  const engines: Engine[] = [];
  try {
    for (let number = 0; number < ENGINES; number += 1) engines.push(await openEngine());
    const seeds = Number(values.seeds);
    const totals = await runSeeds(engines, 1, seeds);
    const missed = await killAtTheRest(engines[0]!, totals, seeds + 1);
    printSimulation(totals, missed);
    return [
      ...totals.failures.flatMap(sentencesOf),
      ...missed.map((point) => `nobody was killed at ${point}`),
      ...(await findPlantedErrors(engines)),
    ];
  } finally {
    for (const each of engines) await each.close();
    await stopTestServer();
  }
}

async function findPlantedErrors(engines: readonly Engine[]): Promise<string[]> {
  print('Planted errors');
  const missed: string[] = [];
  for (const bug of PLANTED_BUGS) {
    const failure = await findBug(engines, bug);
    row(bug.name, failure === null ? 'NOT FOUND' : `seed ${failure.seed}, invariant ${failure.violations[0]?.invariant ?? 0}`);
    if (failure === null) missed.push(`the planted error "${bug.name}" was not found`);
  }
  row('found', `${PLANTED_BUGS.length - missed.length} of ${PLANTED_BUGS.length}`);
  return missed;
}

async function proveByProcesses(): Promise<string[]> {
  const count = Number(values.runs);
  const reports = await faultRuns({ count, large: count > RUNS_USUAL });
  printRuns(reports);
  return reports.flatMap(violationsOf);
}

const violations = [...(await proveBySimulation()), ...(await proveByProcesses())];
print('');
row('violations', violations.length);
for (const sentence of violations) print(`  ${sentence}`);
if (violations.length > 0) process.exitCode = 1;
