import type { Failure, LookupOutcome, ProviderPayment, StrayPayment, SubmitOutcome } from '../connectors/index.js';
import { canBeSentAgain, sendableFor_ms } from './key-age.js';
import { backoff_ms, nextLook_ms, NOT_TAKEN_WAIT_MAX_MS, PENDING_WAIT_MAX_MS, UNKNOWN_WAIT_MAX_MS } from './next-look.js';
import type { IntentStatus, IntentTransition } from './payout-intent.lifecycle.js';
import { faultOf, type KnownPayment, pathTo, UNDECIDED } from './provider-news.js';

/** What is known about the live attempt before the answer. All spans in milliseconds on the database's clock. */
export interface AttemptKnowledge extends KnownPayment {
  /** Some send of this key ended without a clear answer, now or ever before. */
  readonly everUnknown: boolean;
  /** A refusal that waits for an empty look-up past the stale window. */
  readonly refused: Failure | null;
  readonly age_ms: number;
  readonly sinceLastSend_ms: number;
  /** Looks since the status last changed. */
  readonly checks: number;
}

/** What the provider promises, of its connector's capabilities. */
export interface ProviderPromise {
  readonly lookup: boolean;
  readonly keyRetention_ms: number;
  readonly staleWindow_ms: number;
}

/** What is to be written. A member that is absent stays. */
export interface Decision {
  readonly transitions: readonly IntentTransition[];
  readonly providerReference?: string;
  readonly failure?: Failure | null;
  /** A payment that contradicts what we know of an intent that can not go to a person: it is told as a stray. */
  readonly stray?: Omit<StrayPayment, 'payout_id'>;
  /** When to look next, from now; null: never again by itself. */
  readonly nextCheck_ms: number | null;
  readonly attempt: {
    readonly outcome: 'accepted' | 'rejected' | 'not_taken' | 'unknown';
    /** The provider may have the payment under this key. */
    readonly mayHaveBeenTaken: boolean;
    readonly everUnknown: boolean;
    readonly refused: Failure | null;
    readonly live: boolean;
    readonly detail: string | null;
  };
}

/** What the answer to a send means (engine.md section 5; docs/adr "Unknown is an outcome"). Pure. */
export function decideSubmit(outcome: SubmitOutcome, known: AttemptKnowledge, promise: ProviderPromise): Decision {
  switch (outcome.kind) {
    case 'accepted':
      return decideFound(outcome.payment, known);
    case 'rejected':
      return known.everUnknown || outcome.ofDuplicate ? awaitEmptyLookup(outcome.failure, known) : reject(outcome.failure, known);
    case 'not_taken':
      return notTaken(outcome, known, promise);
    case 'unknown':
      return becomeUnknown(known, { detail: outcome.detail, nextCheck_ms: firstLook_ms(known) });
  }
}

/** What the answer to a look-up means. Pure. */
export function decideLookup(outcome: LookupOutcome, known: AttemptKnowledge, promise: ProviderPromise): Decision {
  switch (outcome.kind) {
    case 'found': {
      const [payment, second] = outcome.payments;
      if (second === undefined) return decideFound(payment, known);
      const detail = 'The provider has more than one payment under this key.';
      return contradicted(known, second, { kind: 'contradiction', detail });
    }
    case 'none': {
      if (isOpen(known)) return decideEmpty(known, promise);
      const forgotten = known.age_ms >= promise.keyRetention_ms;
      const again = lookAgain(known, 'The provider does not find it at the moment.');
      return forgotten ? untilItReports(again, known) : again;
    }
    case 'unavailable':
      return lookAgain(known, outcome.detail);
  }
}

/**
 * An unknown attempt at a provider that can not be asked: only its own de-duplication helps, or a person. What it has taken
 * waits for its notification. Pure.
 */
export function decideWithoutLookup(known: AttemptKnowledge, promise: ProviderPromise): Decision {
  if (!isOpen(known)) return untilItReports(lookAgain(known, 'The provider can not be asked; it reports by itself.'), known);
  if (known.refused === null && canBeSentAgain(known, promise))
    return sendAgain(known, 'The provider can not be asked; it knows the key.');
  return giveUp(known, 'The provider can not be asked, and its memory of the key can not be relied on any more.');
}

/**
 * A payment that the provider has: the intent follows it, unless it is not the payment that was sent, or a person has been
 * asked what to make of it. Pure.
 */
export function decideFound(payment: ProviderPayment, known: AttemptKnowledge): Decision {
  if (known.intentStatus === 'needs_review') return leaveToPerson(payment, known);
  const fault = faultOf(payment, known);
  if (fault !== null) {
    const decision = contradicted(known, payment, fault);
    // Who decides has to know which payment it is about; one that counts already keeps its name.
    return decision.transitions.length === 0 ? decision : { ...decision, providerReference: payment.providerReference };
  }
  const transitions = pathTo(known.intentStatus, payment.status);
  const changed = transitions.length > 0;
  return {
    transitions,
    providerReference: payment.providerReference,
    // A word that says nothing new says nothing about the failure either: an old one must not wipe out what is known.
    ...(changed ? { failure: payment.failure } : {}),
    nextCheck_ms: nextLook_ms(payment, changed ? 0 : known.checks),
    attempt: {
      outcome: 'accepted',
      mayHaveBeenTaken: true,
      everUnknown: known.everUnknown,
      refused: null,
      live: false,
      detail: null,
    },
  };
}

/** Soon after the first unknown end; later and later where one send after the other ends so. */
const firstLook_ms = (known: AttemptKnowledge): number =>
  backoff_ms(known.intentStatus === 'unknown' ? known.checks : 0, UNKNOWN_WAIT_MAX_MS);

/** Whether it is still to be found out if the provider took it. */
const isOpen = ({ intentStatus }: AttemptKnowledge): boolean => UNDECIDED.includes(intentStatus);

function reject(failure: Failure, known: AttemptKnowledge): Decision {
  return {
    transitions: ['reject'],
    failure,
    nextCheck_ms: null,
    attempt: {
      outcome: 'rejected',
      mayHaveBeenTaken: false,
      everUnknown: known.everUnknown,
      refused: null,
      live: false,
      detail: null,
    },
  };
}

const ENDED: readonly IntentStatus[] = ['succeeded', 'failed', 'returned', 'rejected'];

/** Asking about an intent that has ended, of a provider that will never answer, would have no end of its own. */
const untilItReports = (decision: Decision, known: AttemptKnowledge): Decision =>
  ENDED.includes(known.intentStatus) ? { ...decision, nextCheck_ms: null } : decision;

/**
 * A provider that took the first send may refuse the second as a duplicate, and a proxy may have made two of the first: the
 * refusal waits for an empty look-up past the stale window. It is looked up before, too: a payment that is there shows soon.
 */
function awaitEmptyLookup(failure: Failure, known: AttemptKnowledge): Decision {
  const detail = `refused (${failure.code}) ${known.everUnknown ? 'after an unknown end' : 'as a duplicate'}`;
  const decision = becomeUnknown(known, { detail, nextCheck_ms: firstLook_ms(known) });
  return { ...decision, attempt: { ...decision.attempt, refused: failure } };
}

function notTaken(
  outcome: Extract<SubmitOutcome, { kind: 'not_taken' }>,
  known: AttemptKnowledge,
  promise: ProviderPromise,
): Decision {
  if (!canBeSentAgain(known, promise)) {
    return becomeUnknown(known, { detail: `${outcome.detail}; the key is too old to be sent again`, nextCheck_ms: 0 });
  }
  const wait_ms = Math.max(outcome.retryAfter_ms ?? 0, backoff_ms(known.checks, NOT_TAKEN_WAIT_MAX_MS) * (0.5 + Math.random()));
  return {
    transitions: [],
    // A wish beyond the life of the key is granted as far as the key lives: then it is looked up.
    nextCheck_ms: Math.min(wait_ms, sendableFor_ms(known, promise)),
    attempt: {
      outcome: 'not_taken',
      // An earlier send of this key may still have been taken.
      mayHaveBeenTaken: known.everUnknown,
      everUnknown: known.everUnknown,
      refused: known.refused,
      live: true,
      detail: outcome.detail,
    },
  };
}

function becomeUnknown(known: AttemptKnowledge, { detail, nextCheck_ms }: { detail: string; nextCheck_ms: number }): Decision {
  return {
    transitions: lostSight(known),
    nextCheck_ms,
    attempt: { outcome: 'unknown', mayHaveBeenTaken: true, everUnknown: true, refused: known.refused, live: true, detail },
  };
}

/**
 * Nothing under the key: that counts only once the stale window has passed since the last send, and while the provider
 * remembers the key. Past that, an empty answer proves neither that it was refused nor that it never arrived.
 */
function decideEmpty(known: AttemptKnowledge, promise: ProviderPromise): Decision {
  const wait_ms = promise.staleWindow_ms - known.sinceLastSend_ms;
  if (wait_ms > 0) return { ...lookAgain(known, 'not found yet'), nextCheck_ms: wait_ms };
  if (!canBeSentAgain(known, promise))
    return giveUp(known, 'The provider has nothing under this key, and the key is too old to be sent again.');
  if (known.refused !== null) return reject(known.refused, known);
  return sendAgain(known, 'The provider has nothing under this key; it never arrived.');
}

/** Who looks up a `created` intent took it over from a process that died or froze with the call out. */
const lostSight = (known: AttemptKnowledge): IntentTransition[] => (known.intentStatus === 'created' ? ['lose_sight'] : []);

/** The same key again, at once: `mayHaveBeenTaken` false is what lets the next look send. */
function sendAgain(known: AttemptKnowledge, detail: string): Decision {
  return {
    transitions: lostSight(known),
    nextCheck_ms: 0,
    attempt: { outcome: 'unknown', mayHaveBeenTaken: false, everUnknown: true, refused: null, live: true, detail },
  };
}

function lookAgain(known: AttemptKnowledge, detail: string): Decision {
  const settled = !isOpen(known);
  return {
    transitions: lostSight(known),
    nextCheck_ms: backoff_ms(known.checks, settled ? PENDING_WAIT_MAX_MS : UNKNOWN_WAIT_MAX_MS),
    attempt: {
      outcome: settled ? 'accepted' : 'unknown',
      mayHaveBeenTaken: true,
      everUnknown: !settled || known.everUnknown,
      refused: known.refused,
      live: !settled,
      detail,
    },
  };
}

const WAYS_TO_REVIEW: Readonly<Partial<Record<IntentStatus, readonly IntentTransition[]>>> = {
  created: ['lose_sight', 'give_up'],
  unknown: ['give_up'],
  rejected: ['give_up'],
  failed: ['give_up'],
};

/** A claimed payout for which no call was made. What was written ahead is taken back: before a send the provider had nothing. Pure. */
export function putBack(known: AttemptKnowledge, action: 'send' | 'look_up'): Decision {
  const detail = 'claimed and given back without a call';
  if (action === 'look_up') return { ...lookAgain(known, detail), transitions: [], nextCheck_ms: 0 };
  const { everUnknown, refused } = known;
  return {
    transitions: [],
    nextCheck_ms: 0,
    attempt: { outcome: 'not_taken', mayHaveBeenTaken: false, everUnknown, refused, live: true, detail },
  };
}

/** Of words that contradict each other a later one is not the truer one. It is kept as evidence for whoever decides. */
const leaveToPerson = (payment: ProviderPayment, { everUnknown, refused }: AttemptKnowledge): Decision => ({
  transitions: [],
  nextCheck_ms: null,
  attempt: {
    outcome: 'unknown',
    mayHaveBeenTaken: true,
    everUnknown,
    refused,
    live: true,
    detail: `The provider says ${payment.status} of ${payment.providerReference}; a person decides.`,
  },
});

/** A payment that can not be what we know: a person is asked by the intent, or, where that can not be, by a stray. */
function contradicted(
  known: AttemptKnowledge,
  { providerReference }: ProviderPayment,
  { kind, detail }: Pick<StrayPayment, 'kind' | 'detail'>,
): Decision {
  const decision = giveUp(known, detail);
  const inReview = decision.transitions.length > 0 || known.intentStatus === 'needs_review';
  return inReview ? decision : { ...decision, stray: { provider_reference: providerReference, kind, detail } };
}

/** What no machine clears up goes to a person; where the intent can not go there, all of it stays, and open ones are asked again. */
export function giveUp(known: AttemptKnowledge, detail: string): Decision {
  if (known.intentStatus === 'pending' || known.intentStatus === 'unclaimed') return lookAgain(known, detail);
  const settled = known.intentStatus === 'succeeded' || known.intentStatus === 'returned';
  return {
    transitions: WAYS_TO_REVIEW[known.intentStatus] ?? [],
    nextCheck_ms: null,
    attempt: {
      outcome: settled ? 'accepted' : 'unknown',
      mayHaveBeenTaken: true,
      everUnknown: !settled || known.everUnknown,
      refused: known.refused,
      live: !settled,
      detail,
    },
  };
}
