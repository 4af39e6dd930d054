/** Why a provider did not pay, in its words (cut and cleared of account data before it is stored or shown). */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** The same payout may succeed when tried again. */
  readonly retryable: boolean;
}

export type ProviderStatus = 'pending' | 'unclaimed' | 'succeeded' | 'failed' | 'returned';

/** What a provider says of one payout intent that it has taken. */
export interface ProviderPayment {
  /** The provider's own id of it. */
  readonly providerReference: string;
  readonly status: ProviderStatus;
  readonly failure: Failure | null;
  /** Canonical decimal string and ISO 4217 code; null where the provider does not repeat them. */
  readonly amount: string | null;
  readonly currency: string | null;
  /** The provider's hint when to ask again, in milliseconds; null: the engine's own cadence. */
  readonly checkAfter_ms: number | null;
}

/** One payout intent as a connector sends it. Account data is in clear: never log it. */
export interface IntentRequest {
  /** `intent_…` */
  readonly intentId: string;
  readonly idempotencyKey: string;
  readonly reference: string;
  readonly bulkReference: string | null;
  /** Canonical decimal string. */
  readonly amount: string;
  readonly currency: string;
  readonly payoutMethod: Readonly<Record<string, unknown>>;
  readonly billingData: Readonly<Record<string, unknown>> | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/**
 * What one answer means (docs/adr, "Unknown is an outcome"). Only `accepted` and `rejected` say that the provider decided;
 * `not_taken` says for certain that it has nothing; everything else is `unknown`.
 */
export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly payment: ProviderPayment; readonly httpStatus: number | null }
  /**
   * On the connector's list of definite refusals. Whether it counts is the engine's to say: after an unknown end, and
   * `ofDuplicate`, it does only together with an empty look-up.
   */
  | {
      readonly kind: 'rejected';
      readonly failure: Failure;
      /** The provider says that it knows the request, its key or its reference already: maybe from this very send, doubled on the way. */
      readonly ofDuplicate: boolean;
      readonly httpStatus: number | null;
    }
  | {
      readonly kind: 'not_taken';
      /** `unauthorized` is systemic: the connector pauses and its payouts wait. */
      readonly reason: 'busy' | 'unreachable' | 'unauthorized';
      readonly retryAfter_ms: number | null;
      readonly detail: string;
      readonly httpStatus: number | null;
    }
  /** `unreadable`: an answer came and could not be read; 20 of them in a row pause the connector. */
  | { readonly kind: 'unknown'; readonly detail: string; readonly httpStatus: number | null; readonly unreadable: boolean };

export type LookupOutcome =
  | { readonly kind: 'found'; readonly payments: readonly [ProviderPayment, ...ProviderPayment[]] }
  | { readonly kind: 'none' }
  | { readonly kind: 'unavailable'; readonly detail: string; readonly systemic: boolean };

/** What a connector can do, as data: validation routes by it, the engine decides by it. */
export interface Capabilities {
  /** Null: every one. */
  readonly methodTypes: readonly string[] | null;
  readonly currencies: readonly string[] | null;
  /** The provider can be asked what it has under an idempotency key. Where it can not, the same send again finds out. */
  readonly lookup: boolean;
  /** How long the provider remembers a key, in milliseconds. A key is never sent again past 0.8 of it. */
  readonly keyRetention_ms: number;
  /** How long after a send an empty look-up may still be wrong, in milliseconds. */
  readonly staleWindow_ms: number;
  /** The total deadline of one call (connect, headers and body), in milliseconds. */
  readonly timeout_ms: number;
}

/** The provider door. Neither method throws for anything a provider or a network can do: that is an outcome. */
export interface Connector {
  readonly capabilities: Capabilities;
  submit(request: IntentRequest): Promise<SubmitOutcome>;
  lookup(idempotencyKey: string): Promise<LookupOutcome>;
  /** Frees sockets. */
  close(): Promise<void>;
}

/** Optional ability: what the provider has taken can be asked for by its own reference, where it can not be asked by our key. */
export interface ReadsPayments {
  /** Never throws. */
  read(providerReference: string): Promise<LookupOutcome>;
}

export const readsPayments = (connector: Connector): connector is Connector & ReadsPayments =>
  'read' in connector && typeof connector.read === 'function';

/** Optional ability: the provider reports later changes by itself. */
export interface ReceivesNotifications {
  /** Header names in lower case, as Node gives them. Never throws. */
  readNotification(headers: Readonly<Record<string, string>>, body: Buffer): NotificationReading;
}

/** Whether this open connector has the ability: a connector of the same type may lack it, for want of a secret. */
export const receivesNotifications = (connector: Connector): connector is Connector & ReceivesNotifications =>
  'readNotification' in connector && typeof connector.readNotification === 'function';

/** One entry of a provider's own list. */
export interface ListedPayment {
  /** Null where the provider does not repeat it: then only its own reference can name the intent. */
  readonly idempotencyKey: string | null;
  readonly payment: ProviderPayment;
}

export type PaymentPage =
  | { readonly kind: 'page'; readonly payments: readonly ListedPayment[]; readonly nextCursor: string | null }
  /** The provider keeps no such list, or does not know the cursor any more. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unavailable'; readonly detail: string };

/** Optional ability: the provider gives a list of what it has taken, to be compared with ours. */
export interface ListsPayments {
  /** Every payment since an instant, page by page: `cursor` is the provider's own, from the page before. Never throws. */
  list(query: { readonly createdAfter: Date; readonly cursor: string | null }): Promise<PaymentPage>;
}

export const listsPayments = (connector: Connector): connector is Connector & ListsPayments =>
  'list' in connector && typeof connector.list === 'function';

/** Optional ability: what nobody has claimed yet can be taken back. */
export interface CancelsUnclaimed {
  /** Harmless to repeat. Never throws. */
  cancelUnclaimed(providerReference: string): Promise<CancelOutcome>;
}

export type CancelOutcome =
  /** How the payment stands now: `returned` where it was cancelled, something else where somebody was faster. */
  | { readonly kind: 'answered'; readonly payment: ProviderPayment }
  | { readonly kind: 'refused'; readonly detail: string }
  /** Whether it was cancelled is not known: asking again finds out. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export const cancelsUnclaimed = (connector: Connector): connector is Connector & CancelsUnclaimed =>
  'cancelUnclaimed' in connector && typeof connector.cancelUnclaimed === 'function';

export type NotificationReading =
  /** The signature, the age or the form is wrong: answered 401, and nothing of it is believed. */
  | { readonly kind: 'refused' }
  /** Truly from the provider, but not about a payment: answered 2xx, or the provider would send it for days. */
  | { readonly kind: 'irrelevant' }
  | Hint
  | { readonly kind: 'update'; readonly notification: ProviderNotification };

/** Says what is worth a look at the provider, once the provider has confirmed that it said so. Nothing else of it is believed. */
export interface Hint {
  readonly kind: 'hint';
  readonly providerReference: string;
  /** The same however often it is sent. */
  readonly notificationId: string;
  /** Asks the provider whether it is its own. Never throws. */
  confirm(): Promise<Confirmation>;
}

/** `unavailable`: nobody could be asked, now or so often. */
export type Confirmation = 'genuine' | 'forged' | 'unavailable';

export interface ProviderNotification {
  /** Either names the intent. */
  readonly providerReference: string | null;
  readonly idempotencyKey: string | null;
  readonly payment: ProviderPayment;
}

/** One finding about a connector's `config`. */
export interface ConfigFault {
  /** JSON Pointer inside `config`. */
  readonly pointer: string;
  readonly detail: string;
}

/** What the settings of this installation leave to a connector of any type. */
export interface CallLimits {
  /** The longest total deadline that a call may have, in milliseconds. */
  readonly timeoutMax_ms: number;
}

/** However long leases are: a call that takes longer keeps its place from everybody else. */
const TIMEOUT_MAX_MS = 30_000;

/**
 * A call starts only where its answer comes before the end of the lease, and leases are renewed at a third of their length:
 * half of one leaves a renewal the time to be late. With more, calls would start seldom or never.
 */
export const callLimitsOf = (lease_s: number): CallLimits => ({ timeoutMax_ms: Math.min(TIMEOUT_MAX_MS, lease_s * 500) });

/** A kind of connector that an operator can configure. */
export interface ConnectorType<Config = unknown> {
  readonly type: string;
  /** Names of config members that are never answered. */
  readonly secrets: readonly string[];
  parseConfig(config: unknown): { readonly config: Config } | { readonly faults: readonly ConfigFault[] };
  open(opening: { readonly connectorId: string; readonly config: Config; readonly maxConcurrency: number }): Connector;
}
