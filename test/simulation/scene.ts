import type { Capabilities, IntentRequest, PaymentPage, ProviderNotification } from '../../src/connectors/index.js';
import type { callProvider } from '../../src/payouts/call-provider.js';
import type { SettleIntents } from '../../src/payouts/settle-intents.js';
import type { Tx, WakeTopic } from '../../src/platform/database/index.js';
import type { MonotonicClock } from '../../src/platform/time/index.js';
import type { Random } from './random.js';
import type { Actor, Fate, Host, Stage } from './stage.js';

export interface ProviderTemper {
  readonly lookup: boolean;
  readonly keyRetention_ms: number;
  readonly staleWindow_ms: number;
  /** Its look-ups are always so much behind, within the window that it declares. */
  readonly lag_ms: number;
  readonly timeout_ms: number;
  /** Answers the second send of a key that it has taken with a definite refusal. */
  readonly refusesRepetition: boolean;
  readonly notifies: boolean;
  /** Keeps a list of its payments. */
  readonly lists: boolean;
  /** Somebody else has our token and pays with it. */
  readonly robbed: boolean;
  /** It answers next to no send until everything heals. */
  readonly silent: boolean;
  /** Share of the calls that go wrong. */
  readonly faults: number;
}

/** What each kind of loop is woken for. */
export type Topic = WakeTopic;

/** An error planted into the run by the test tree: everything it does not name stays the real engine. */
export interface PlantedBug {
  readonly name: string;
  readonly meaning: string;
  /** Plants what can not be substituted for one run alone. @returns how it is taken out again. */
  plant?(): () => void;
  /** A transaction of the actor begins, maybe once more. */
  began?(actor: Actor): void;
  /** Patches a statement on its way to the database; `left_out` runs it not at all. */
  statement?(given: {
    text: string;
    values: readonly unknown[];
    actor: Actor;
    step: string;
  }): { text: string; values: readonly unknown[] } | 'left_out';
  /** Runs after COMMIT, before anybody learns of it. */
  afterCommit?(scene: Scene, actor: Actor): Promise<void>;
  request?(request: IntentRequest, scene: Scene): IntentRequest;
  /** What is made of a page of the provider's list. */
  list?(page: PaymentPage): PaymentPage;
  /** Takes the place of the engine's reading of a notification. */
  receive?(tx: Tx, notification: ProviderNotification, engine: { readonly settle: SettleIntents }): Promise<void>;
  capabilities?(told: Capabilities): Capabilities;
  readonly callProvider?: typeof callProvider;
  /** The clock that calls look at before they start. */
  readonly clock?: MonotonicClock;
  /** Findings are settled as if they had been learnt under this claim. */
  claimNo?(claimNo: number | null): number | null | undefined;
}

export const NO_BUG: PlantedBug = { name: 'none', meaning: 'the engine as it is' };

/** How rough this run is. */
export interface Temper {
  readonly kills: number;
  readonly freezes: number;
  readonly transactionFaults: number;
  readonly receiverFaults: number;
  readonly leaps: number;
  /** How long it is rough, at most. */
  readonly roughSteps: number;
  /** All servers are killed once and start in quarantine. */
  readonly quarantines: boolean;
  /** How often the operator decides what needs review. */
  readonly reviews: number;
  readonly webhooks: boolean;
  readonly provider: ProviderTemper;
}

/** One call of the engine, noted where it leaves the engine. */
export interface CallNote {
  readonly action: 'send' | 'look_up';
  readonly host: string;
  readonly key: string;
  readonly intentId: string | null;
  readonly at_ms: number;
  readonly claim: { readonly claimNo: number; readonly leaseEnd_ms: number } | null;
  /** The committed attempt with this key, as the database had it at this instant. */
  readonly attempt: { readonly payout_id: string; readonly started_ms: number } | null;
}

/** One webhook as it arrived. */
export interface Received {
  readonly url: string;
  readonly eventId: string;
  readonly subject: string;
  readonly sequence: number;
}

/** What the doors of a run (transactions, provider, receivers) see of it. */
export interface Scene {
  readonly seed: number;
  readonly stage: Stage;
  readonly random: Random;
  readonly temper: Temper;
  readonly bug: PlantedBug;
  readonly received: Received[];
  /** Claims that ended before their lease did, because a result or a notification was written. */
  readonly freed: { readonly payoutId: string; readonly claimNo: number }[];
  /** The fences of payouts that were raised by commits whose acknowledgement was lost. */
  readonly unacknowledged: { readonly payoutId: string; readonly claimNo: number }[];
  /** No fault happens any more. */
  healed: boolean;
  /** A statement was met that the planted error changes. */
  planted: boolean;
  /** Counts transactions that were committed, by anybody. */
  commits: number;
  monotonic_ms(host: Host | null): number;
  /** A labelled point: see points.ts. */
  stop(actor: Actor, point: string, notBefore_ms?: number): Promise<Fate>;
  /** After which statement of its transaction the actor stops; 0: after none. */
  stopInside(actor: Actor, step: string): number;
  stopsBeforeCommit(actor: Actor, step: string): boolean;
  /** The actor's transaction is committed, whether or not it learns of that. */
  committed(actor: Actor, topics: ReadonlySet<Topic>): void;
  /** Notes a call with what the database has committed of it at this instant. */
  noteCall(actor: Actor, call: Pick<CallNote, 'action' | 'key' | 'intentId'>): Promise<void>;
  /** The names of payments by which other payouts than that of this intent were told as paid. */
  namesOfOthers(intentId: string): Promise<string[]>;
  countFault(name: string): void;
  /** A uuid of this run's chance. */
  drawUuid(): string;
  /** A transaction of the actor without any stop. */
  unstaged(actor: Actor, work: (tx: Tx) => Promise<void>): Promise<void>;
}
