import type { Restraint } from '../connectors/index.js';
import type { Share } from './share-connectors.js';

/** What may be sent: `probe`: one payout of the whole cluster; `nothing`: looking is still allowed. */
export type MaySend = 'anything' | 'probe' | 'nothing';

/** What one pipeline may do until it is told anew. Instants are on this process's monotonic clock. */
export interface Allowance {
  /** Calls at once. */
  readonly places: number;
  /** Past it no call starts: the places may have gone to others. */
  readonly until: number;
  /** No call starts before: the provider asked to be left alone. */
  readonly from: number;
  readonly maySend: MaySend;
  /** A provider in trouble is asked one thing at a time. */
  readonly slowly: boolean;
}

/** Before the first share is known nothing is allowed. */
export const NOTHING_ALLOWED: Allowance = { places: 0, until: 0, from: 0, maySend: 'nothing', slowly: true };

/** What holds the sends of one connector back: what its row says, the quarantine of the engine, and a pause. */
export interface Restraints extends Restraint {
  readonly quarantined: boolean;
  readonly paused: boolean;
}

/** `now` is from before the restraint was read, so that no wait comes out longer than the database says. */
export function allowanceOf(share: Share, restraint: Restraints, now: number): Allowance {
  return { ...share, from: now + restraint.busy_ms, maySend: maySend(restraint), slowly: restraint.breaker !== 'closed' };
}

function maySend({ quarantined, paused, breaker }: Restraints): MaySend {
  if (quarantined || paused || breaker === 'open') return 'nothing';
  return breaker === 'to_probe' ? 'probe' : 'anything';
}
