import type { Fate, ProviderOptions } from '../support/provider-server.js';
import type { Judged } from './judge-run.js';
import type { Scene } from './scene.js';

export interface ConnectorSettings {
  readonly timeout_ms: number;
  readonly stale_window_ms: number;
  readonly key_retention_hours: number;
}

/** One way in which things go wrong. A run has one of them, or several at once. */
export interface FaultKind {
  /** As it is counted, where the provider does it. */
  readonly name: string;
  /** What a run with it alone proves, as a rule. */
  readonly proves: string;
  /** Leaves no acknowledged change of a merchant in its place, so the merchant makes none. */
  readonly undoes?: boolean;
  /** What the cluster, the provider and the connector are like in a run with it. */
  readonly environments?: readonly Readonly<Record<string, string>>[];
  readonly provider?: ProviderOptions;
  readonly connector?: Partial<ConnectorSettings>;
  /** How long the payouts of the run come due, in seconds: the fault strikes in their middle. */
  readonly lasts_s?: (scene: Scene) => number;
  /** What the provider does with a send while it strikes, by the payout's roll; null: what it does otherwise. */
  readonly fate?: (roll: number, sends: number) => Fate | null;
  /** Strikes; resolves when it is over and everything is in its place again. */
  readonly strike?: (scene: Scene) => Promise<void>;
  /** What has to be seen where it strikes alone, beside the invariants; each sentence is a violation. */
  readonly shows?: (run: Judged) => readonly string[];
}
