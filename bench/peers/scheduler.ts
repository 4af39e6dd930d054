import type { IntentRequest } from '../../src/connectors/index.js';

/** One payout as a job: what its handler needs, and when it is due. */
export interface PayoutJob {
  readonly payoutId: string;
  readonly request: IntentRequest;
  readonly at: Date;
}

export type WorkOff = (job: Omit<PayoutJob, 'at'>) => Promise<void>;

/** Another scheduler with one job per payout: filled, then started, and ended when everything has been worked off. */
export interface Scheduler {
  enqueue(jobs: readonly PayoutJob[]): Promise<void>;
  start(work: WorkOff): Promise<void>;
  stop(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** The documented settings that were the fastest here. */
  readonly settings: string;
  /** Why it can not take part here; null where it can. */
  readonly missing?: () => string | null;
  readonly open: (databaseUrl: string, inFlight: number) => Promise<Scheduler>;
}

/** Connections of each: what Tranche's worker has. */
export const POOL_SIZE = 12;
/** One statement's worth of jobs. */
export const ENQUEUED_AT_ONCE = 1_000;

export function* inGroups<Element>(elements: readonly Element[]): Generator<Element[]> {
  for (let from = 0; from < elements.length; from += ENQUEUED_AT_ONCE) yield elements.slice(from, from + ENQUEUED_AT_ONCE);
}
