import { parseArgs } from 'node:util';
import type { RunReport } from '../fault/fault-run.js';
import { faultRuns, happenings, RUNS_USUAL, violationsOf } from '../fault/fault-suite.js';
import { startTestServer, stopTestServer } from '../support/test-server.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { CRASH_POINTS } from './points.js';
import { Provers } from './provers.js';
import { addAll, noTotals, sentencesOf, type Totals } from './suite.js';

/** Seeds of one task: some seconds. */
const SLICE = 20;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, runs: { type: 'string', default: String(RUNS_USUAL) } },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (name: string, figure: string | number): void => print(`  ${name.padEnd(34)}${figure}`);

/** How far it is, for whoever waits, and at once what is wrong: the figures come at the end. */
function tell(progress: string, wrong: readonly string[]): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${progress} `);
  for (const sentence of wrong) process.stderr.write(`\n${sentence}\n`);
}

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
  const provers = new Provers();
  try {
    const seeds = Number(values.seeds);
    const { totals, missed } = await provers.ask('rest', { totals: await runAll(provers, seeds), first: seeds + 1 });
    printSimulation(totals, missed);
    return [
      ...totals.failures.flatMap(sentencesOf),
      ...missed.map((point) => `nobody was killed at ${point}`),
      ...(await findPlantedErrors(provers)),
    ];
  } finally {
    await provers.close();
    await stopTestServer();
  }
}

async function runAll(provers: Provers, seeds: number): Promise<Totals> {
  const totals = noTotals();
  const firsts = Array.from({ length: Math.ceil(seeds / SLICE) }, (_, slice) => 1 + slice * SLICE);
  await Promise.all(
    firsts.map(async (first) => {
      const slice = await provers.ask('seeds', { first, count: Math.min(SLICE, seeds + 1 - first) });
      addAll(totals, slice);
      tell(`${totals.seeds} of ${seeds} seeds`, slice.failures.flatMap(sentencesOf));
    }),
  );
  return totals;
}

async function findPlantedErrors(provers: Provers): Promise<string[]> {
  const found = await Promise.all(PLANTED_BUGS.map(async ({ name }) => ({ name, failure: await provers.ask('bug', { name }) })));
  const missed = found.filter(({ failure }) => failure === null);
  print('Planted errors');
  for (const { name, failure } of found)
    row(name, failure === null ? 'NOT FOUND' : `seed ${failure.seed}, invariant ${failure.violations[0]?.invariant ?? 0}`);
  row('found', `${found.length - missed.length} of ${found.length}`);
  return missed.map(({ name }) => `the planted error "${name}" was not found`);
}

async function proveByProcesses(): Promise<string[]> {
  const count = Number(values.runs);
  let ran = 0;
  const ended = (report: RunReport): void => tell(`${(ran += 1)} of ${count} runs`, violationsOf(report));
  const reports = await faultRuns({ count, large: count > RUNS_USUAL, ended });
  printRuns(reports);
  return reports.flatMap(violationsOf);
}

const violations = [...(await proveBySimulation()), ...(await proveByProcesses())];
print('');
row('violations', violations.length);
for (const sentence of violations) print(`  ${sentence}`);
if (violations.length > 0) process.exitCode = 1;
