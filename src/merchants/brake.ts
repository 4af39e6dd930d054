import { differences } from '../platform/audit/index.js';
import type { Change } from '../platform/database/index.js';

/** What an operator does with a brake, and why. A resume needs no reason. */
export type Brake =
  { readonly paused: true; readonly reason: string } | { readonly paused: false; readonly reason: string | null };

interface BrakeState {
  readonly paused: boolean;
  readonly reason: string | null;
}

/** Either brake, as an audit entry tells it. @param before the row that has it. */
export const brakeChanges = (
  before: { readonly paused_at: Date | null; readonly pause_reason: string | null },
  brake: Brake,
): Change[] =>
  differences<BrakeState>(['paused', 'reason'], brake, { paused: before.paused_at !== null, reason: before.pause_reason });
