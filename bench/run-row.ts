import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Result } from './measure/contest.js';
import type { Effort, Row } from './rows/row.js';

/** What the process of a row is asked. */
export interface Order {
  readonly row: string;
  readonly effort: Effort;
  readonly rounds: number;
  readonly seed: number;
  /** Only contests whose title has this in it. */
  readonly only: string;
  /** A folder for profiles of the programs. */
  readonly profile: string | null;
  readonly budget_ms: number;
}

/** What it says, as it goes. */
export type Told =
  | { readonly kind: 'postgres'; readonly version: string }
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'failure'; readonly message: string };

export interface Outcome {
  readonly postgres: string;
  readonly results: readonly Result[];
  /** Why it ended early, where it did. */
  readonly failure: string | null;
}

const BUDGET_OF_EFFORT: Readonly<Record<Effort, number>> = { quick: 0.5, usual: 1, full: 4 };
const ROUNDS_OF_BUDGET = 5;
/** A round that began in time may end after it, and servers have to be started and stopped. */
const GRACE_MS = 60_000;
/** Servers that were asked to end have ended by then, or never will. */
const FAREWELL_MS = 30_000;

export const budgetOf_ms = ({ minutes }: Row, effort: Effort, rounds: number): number =>
  minutes * 60_000 * BUDGET_OF_EFFORT[effort] * Math.max(1, rounds / ROUNDS_OF_BUDGET);

/**
 * Measures a row in a process of its own: none inherits the warm compilers, the garbage or the forgotten timers of another,
 * and one that fails or hangs costs the run no more than itself.
 */
export function runRow(
  order: Order,
  told: (result: Result) => void,
): { readonly outcome: Promise<Outcome>; readonly end: () => void } {
  const child = fork(fileURLToPath(new URL('row.child.ts', import.meta.url)), [JSON.stringify(order)]);
  let postgres = '';
  let failure: string | null = null;
  const results: Result[] = [];
  child.on('message', (message: Told) => {
    if (message.kind === 'postgres') postgres = message.version;
    else if (message.kind === 'failure') failure = message.message;
    else {
      results.push(message.result);
      told(message.result);
    }
  });
  const end = (reason: string): void => {
    failure ??= reason;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), FAREWELL_MS).unref();
  };
  const limit_ms = order.budget_ms * 1.5 + GRACE_MS;
  const overdue = setTimeout(() => end(`it had not ended after ${Math.round(limit_ms / 1000)} s`), limit_ms);
  const outcome = new Promise<Outcome>((resolve) => {
    child.once('exit', (code, signal) => {
      clearTimeout(overdue);
      if (code !== 0) failure ??= `its process ended with ${String(code ?? signal)}`;
      resolve({ postgres, results, failure });
    });
  });
  return { outcome, end: () => end('it was interrupted') };
}
