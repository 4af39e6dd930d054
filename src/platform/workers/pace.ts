import { setTimeout as wait } from 'node:timers/promises';

/** How a worker lets time go by between two tries; a simulation has a time of its own. */
export interface Pace {
  /** A turn of the event loop later. */
  soon(act: () => void): void;
  wait(ms: number): Promise<unknown>;
}

/** Injection token of the pace of this process. */
export const PACE = Symbol('PACE');

export const ownPace: Pace = {
  soon: (act) => {
    setImmediate(act);
  },
  wait: (ms) => wait(ms),
};
