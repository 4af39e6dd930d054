import { hold } from './measure/contest.js';
import { untilAtRest } from './measure/processor-time.js';
import { seededRandom } from './measure/statistics.js';
import { rows } from './rows/index.js';
import type { Order, Told } from './run-row.js';
import { Stage } from './stage/stage.js';

/** One row, in a process of its own. */
const order = JSON.parse(process.argv[2] ?? '') as Order;
const tell = (told: Told): Promise<void> => new Promise((resolve) => process.send?.(told, () => resolve()));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const stage = await Stage.open(order.profile);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The servers of a stage would outlive us.
  process.once(signal, () => void stage.close().finally(() => process.exit(1)));
}

async function measure(): Promise<void> {
  const row = rows.find(({ name }) => name === order.row);
  await tell({ kind: 'postgres', version: await stage.servers.version() });
  const random = seededRandom(order.seed);
  const contests = (await row?.contests(stage, order.effort))?.filter(({ title }) => title.includes(order.only)) ?? [];
  for (const [place, contest] of contests.entries()) {
    const now = performance.now();
    const ends = now + (order.budget_ms - now) / (contests.length - place);
    const { rounds } = order;
    const { postmaster } = stage.servers;
    await tell({ kind: 'result', result: await hold(contest, { rounds, random, postmaster, untilAtRest, say, ends }) });
  }
  if (order.profile === null) return;
  console.table(stage.servers.busyness);
  console.table(await stage.servers.statements());
}

let code = 0;
try {
  await measure();
} catch (error) {
  code = 1;
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  say(told);
  await tell({ kind: 'failure', message: told.split('\n')[0] ?? told });
}
await stage.close();
if (order.profile !== null) console.table(stage.servers.firedTimers());
// Other schedulers leave timers behind that would hold the process for minutes.
process.exit(code);
