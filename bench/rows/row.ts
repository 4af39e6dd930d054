import type { Contest } from '../measure/contest.js';
import type { Stage } from '../stage/stage.js';

/** How much work a run is given: to see that it works, for figures, or the sizes that take long. */
export type Effort = 'quick' | 'usual' | 'full';

/** One row of the bench: contests over one question, on a database of their own. */
export interface Row {
  readonly name: string;
  readonly asks: string;
  /** What it may take at the usual sizes: its contests share it, and each ends its rounds before its part is over. */
  readonly minutes: number;
  readonly contests: (stage: Stage, effort: Effort) => Promise<readonly Contest[]>;
}

export const sized = (effort: Effort, sizes: Readonly<Record<Effort, number>>): number => sizes[effort];

export const perSecond = (items: number, span_ms: number): number => items / (span_ms / 1000);

/** Does the work of each element with so many at a time. */
export async function inParallel<Element>(
  elements: readonly Element[],
  concurrency: number,
  work: (element: Element) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(concurrency, elements.length) }, async () => {
      while (next < elements.length) {
        const element = elements[next] as Element;
        next += 1;
        await work(element);
      }
    }),
  );
}

/** @returns milliseconds. */
export async function spanOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
