/** What an operator does with a brake, and why. A resume needs no reason. */
export type Brake =
  { readonly paused: true; readonly reason: string } | { readonly paused: false; readonly reason: string | null };

/** Either brake, as an audit entry tells it. */
export interface BrakeState {
  readonly paused: boolean;
  readonly reason: string | null;
}
