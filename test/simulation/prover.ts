import { on } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { openEngine } from './engine.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { type Failure, findBug, killAtTheRest, runSeeds, type Totals } from './suite.js';

/** Engines of one thread: one computes while the other waits for its database. */
const ENGINES = 2;

/** What a thread of the proof can be asked for, and what it answers. */
export interface Tasks {
  seeds: { readonly asked: { readonly first: number; readonly count: number }; readonly answered: Totals };
  /** The points at which nobody was killed yet: the totals with more seeds, and the points that are left. */
  rest: {
    readonly asked: { readonly totals: Totals; readonly first: number };
    readonly answered: { readonly totals: Totals; readonly missed: readonly string[] };
  };
  bug: { readonly asked: { readonly name: string }; readonly answered: Failure | null };
}
export type Task = { [Kind in keyof Tasks]: { readonly kind: Kind } & Tasks[Kind]['asked'] }[keyof Tasks];

const engines = await Promise.all(Array.from({ length: ENGINES }, openEngine));

async function answer(task: Task): Promise<Tasks[keyof Tasks]['answered']> {
  switch (task.kind) {
    case 'seeds':
      return runSeeds(engines, task.first, task.count);
    case 'rest':
      return { missed: await killAtTheRest(engines[0]!, task.totals, task.first), totals: task.totals };
    case 'bug': {
      const bug = PLANTED_BUGS.find(({ name }) => name === task.name);
      if (bug === undefined) throw new Error(`no error is called "${task.name}"`);
      return findBug(engines, bug);
    }
  }
}

if (parentPort === null) throw new Error('this is a thread of npm run prove');
for await (const [task] of on(parentPort, 'message') as AsyncIterable<[Task | null]>) {
  if (task === null) break;
  parentPort.postMessage(await answer(task));
}
await Promise.all(engines.map((engine) => engine.close()));
parentPort.close();
