import type { Evidence } from '../simulation/evidence.js';
import type { Scene, SceneKind, ScenePlan } from './scene.js';

/** A run at rest, and everything that can be known of it from outside. */
export interface Judged {
  readonly scene: Scene;
  readonly evidence: Evidence;
}

/** One way in which things go wrong. A run has one of them, or several at once. */
export interface FaultKind extends SceneKind {
  /** What a run with it alone proves, as a rule. */
  readonly proves: string;
  /** Leaves no acknowledged change of a merchant in its place, so the merchant makes none. */
  readonly undoes?: boolean;
  /** How long the payouts of the run come due, in seconds: the fault strikes in their middle. */
  readonly lasts_s?: (scene: Scene) => number;
  /** Strikes; resolves when it is over and everything is in its place again. */
  readonly strike?: (scene: Scene) => Promise<void>;
  /** Where it strikes alone: so many seconds after its end nothing moves any more. */
  readonly restsWithin_s?: number;
  /** What has to be seen where it strikes alone, beside the invariants; each sentence is a violation. */
  readonly shows?: (run: Judged) => readonly string[];
}

export interface RunPlan extends ScenePlan {
  readonly kinds: readonly FaultKind[];
}
