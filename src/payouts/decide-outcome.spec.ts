import { describe, expect, it } from '@jest/globals';
import type { Failure, LookupOutcome, ProviderPayment, ProviderStatus, SubmitOutcome } from '../connectors/index.js';
import { allows, statesOf } from '../platform/lifecycle/index.js';
import {
  type AttemptKnowledge,
  decideFound,
  decideLookup,
  decideSubmit,
  decideWithoutLookup,
  type Decision,
  type ProviderPromise,
  putBack,
} from './decide-outcome.js';
import { canBeSentAgain } from './key-age.js';
import { type IntentStatus, payoutIntentLifecycle } from './payout-intent.lifecycle.js';

const STALE_MS = 60_000;
const RETENTION_MS = 24 * 3_600_000;
const SENDABLE_MS = 0.8 * RETENTION_MS;
const promise: ProviderPromise = { lookup: true, keyRetention_ms: RETENTION_MS, staleWindow_ms: STALE_MS };
const refusal: Failure = { code: 'account_closed', message: 'Closed.', retryable: false };

const INTENT_STATUSES = statesOf(payoutIntentLifecycle);
const PROVIDER_STATUSES: readonly ProviderStatus[] = ['pending', 'unclaimed', 'succeeded', 'failed', 'returned'];
/** A send is out only while it is open whether the provider took it; a person's intent is never claimed. */
const SENT_FROM: readonly IntentStatus[] = ['created', 'unknown'];
const LOOKED_UP_FROM = INTENT_STATUSES.filter((status) => status !== 'needs_review');
/** The states that the database allows only with a next look: nothing open can be forgotten. */
const OPEN: readonly IntentStatus[] = ['created', 'unknown', 'pending', 'unclaimed'];

const paymentOf = (status: ProviderStatus, more: Partial<ProviderPayment> = {}): ProviderPayment => ({
  providerReference: 'pay_1',
  status,
  failure: status === 'failed' ? refusal : null,
  amount: '12.50',
  currency: 'EUR',
  checkAfter_ms: null,
  ...more,
});

/** Everything that can be known of an attempt in one of these states, at the edges of every span. */
function everyKnowledge(statuses: readonly IntentStatus[]): AttemptKnowledge[] {
  const known: AttemptKnowledge[] = [];
  for (const intentStatus of statuses)
    for (const everUnknown of intentStatus === 'unknown' ? [true] : [false, true])
      for (const refused of everUnknown ? [null, refusal] : [null])
        for (const age_ms of [0, SENDABLE_MS - 1, SENDABLE_MS, 2 * RETENTION_MS])
          for (const sinceLastSend_ms of [0, STALE_MS - 1, STALE_MS, RETENTION_MS])
            for (const checks of [0, 3, 1_000])
              known.push({
                intentStatus,
                everUnknown,
                refused,
                age_ms,
                sinceLastSend_ms,
                checks,
                amount: '12.50',
                currency: 'EUR',
              });
  return known;
}

const http = (httpStatus: number | null = null) => ({ httpStatus });
const notTaken = (retryAfter_ms: number | null = null): SubmitOutcome => ({
  kind: 'not_taken',
  reason: 'busy',
  retryAfter_ms,
  detail: 'answered 429',
  ...http(429),
});
const SUBMITS: readonly SubmitOutcome[] = [
  ...PROVIDER_STATUSES.map((status): SubmitOutcome => ({ kind: 'accepted', payment: paymentOf(status), ...http(201) })),
  { kind: 'accepted', payment: paymentOf('succeeded', { amount: '99.99' }), ...http(201) },
  { kind: 'rejected', failure: refusal, ofDuplicate: false, ...http(422) },
  { kind: 'rejected', failure: refusal, ofDuplicate: true, ...http(422) },
  notTaken(),
  notTaken(86_400_000),
  { kind: 'not_taken', reason: 'unauthorized', retryAfter_ms: null, detail: 'answered 401', ...http(401) },
  { kind: 'unknown', detail: 'no answer', unreadable: false, ...http() },
];
const LOOKUPS: readonly LookupOutcome[] = [
  ...PROVIDER_STATUSES.map((status): LookupOutcome => ({ kind: 'found', payments: [paymentOf(status)] })),
  { kind: 'found', payments: [paymentOf('succeeded', { currency: 'USD' })] },
  { kind: 'found', payments: [paymentOf('succeeded'), paymentOf('succeeded')] },
  { kind: 'none' },
  { kind: 'unavailable', detail: 'answered 502', systemic: false },
];

interface Case {
  readonly name: string;
  readonly known: AttemptKnowledge;
  readonly decision: Decision;
  readonly outcome: SubmitOutcome | LookupOutcome | null;
}

const cases: Case[] = [];
const add = (one: Omit<Case, 'name'> & { readonly door: string }): void => {
  const { door, known, outcome } = one;
  cases.push({ ...one, name: `${door} ${JSON.stringify({ known, outcome })}` });
};
for (const known of everyKnowledge(SENT_FROM)) {
  for (const outcome of SUBMITS) add({ door: 'submit', known, outcome, decision: decideSubmit(outcome, known, promise) });
  add({ door: 'put back a send', known, outcome: null, decision: putBack(known, 'send') });
}
for (const known of everyKnowledge(LOOKED_UP_FROM)) {
  for (const outcome of LOOKUPS) add({ door: 'lookup', known, outcome, decision: decideLookup(outcome, known, promise) });
  add({ door: 'without lookup', known, outcome: null, decision: decideWithoutLookup(known, { ...promise, lookup: false }) });
  add({ door: 'put back a look', known, outcome: null, decision: putBack(known, 'look_up') });
}
for (const known of everyKnowledge(INTENT_STATUSES))
  for (const status of PROVIDER_STATUSES)
    add({ door: 'notification', known, outcome: null, decision: decideFound(paymentOf(status), known) });

/** Where the intent stands after the decision; throws where a step is no edge of the table. */
function after({ known, decision }: Case): IntentStatus {
  let status = known.intentStatus;
  for (const transition of decision.transitions) {
    if (!allows(payoutIntentLifecycle, transition, status)) throw new Error(`${status} can not ${transition}`);
    status = payoutIntentLifecycle.transitions[transition].to;
  }
  return status;
}

/** Names of the cases that break a rule; each rule expects none. */
const breaking = (rule: (one: Case) => boolean): string[] =>
  cases
    .filter((one) => !rule(one))
    .map(({ name }) => name)
    .slice(0, 5);

describe('what an answer means, in every state of knowledge', () => {
  it('is always a walk along the lifecycle', () => {
    const faults = cases.flatMap((one) => {
      try {
        after(one);
        return [];
      } catch (error) {
        return [`${one.name}: ${String(error)}`];
      }
    });
    expect(faults.slice(0, 5)).toEqual([]);
  });

  it('never leaves anything open without a next look, and never asks for one in the past', () => {
    expect(
      breaking((one) => {
        const next = one.decision.nextCheck_ms;
        return next === null ? !OPEN.includes(after(one)) : Number.isFinite(next) && next >= 0;
      }),
    ).toEqual([]);
  });

  it('calls a payout refused only on a first send, or with an empty look-up past the stale window', () => {
    expect(
      breaking((one) => {
        if (after(one) !== 'rejected' || one.known.intentStatus === 'rejected') return true;
        const { known, outcome } = one;
        if (outcome?.kind === 'rejected') return !known.everUnknown && !outcome.ofDuplicate;
        return outcome?.kind === 'none' && known.refused !== null && known.sinceLastSend_ms >= STALE_MS;
      }),
    ).toEqual([]);
  });

  it('calls a payout failed, paid, held or returned only on the word of the provider', () => {
    expect(
      breaking((one) => {
        const status = after(one);
        if (status === one.known.intentStatus || !PROVIDER_STATUSES.some((word) => word === status)) return true;
        return one.name.startsWith('notification') || one.outcome?.kind === 'accepted' || one.outcome?.kind === 'found';
      }),
    ).toEqual([]);
  });

  it('lets a key be sent again only where the provider has nothing under it', () => {
    expect(
      breaking((one) => {
        const { attempt } = one.decision;
        if (attempt.mayHaveBeenTaken || !attempt.live) return true;
        if (one.name.startsWith('put back a send')) return true;
        if (one.outcome?.kind === 'not_taken') return !one.known.everUnknown;
        if (one.name.startsWith('without lookup')) return one.known.refused === null;
        return one.outcome?.kind === 'none' && one.known.sinceLastSend_ms >= STALE_MS && one.known.refused === null;
      }),
    ).toEqual([]);
  });

  it('never decides for another send past 0.8 of the retention', () => {
    expect(canBeSentAgain({ age_ms: SENDABLE_MS - 1 }, promise)).toBe(true);
    expect(canBeSentAgain({ age_ms: SENDABLE_MS }, promise)).toBe(false);
    expect(
      breaking((one) => {
        const { attempt, nextCheck_ms } = one.decision;
        // What was given back without a call is asked for its age when it is claimed again.
        if (one.name.startsWith('put back') || attempt.mayHaveBeenTaken || !attempt.live) return true;
        return one.known.age_ms < SENDABLE_MS && one.known.age_ms + (nextCheck_ms ?? 0) <= SENDABLE_MS;
      }),
    ).toEqual([]);
  });

  it('keeps one live attempt for as long as it is open whether it was taken, and none after', () => {
    expect(
      breaking((one) => {
        const open = ['created', 'unknown', 'needs_review'].includes(after(one));
        return open === one.decision.attempt.live;
      }),
    ).toEqual([]);
  });

  it("moves nothing out of a person's hands", () => {
    const inReview = (one: Case): boolean => one.known.intentStatus === 'needs_review';
    expect(cases.some(inReview)).toBe(true);
    expect(breaking((one) => !inReview(one) || after(one) === 'needs_review')).toEqual([]);
  });

  it('never forgets that a send ended without a clear answer', () => {
    expect(breaking((one) => one.decision.attempt.everUnknown || !one.known.everUnknown)).toEqual([]);
  });
});

const known = (more: Partial<AttemptKnowledge> = {}): AttemptKnowledge => ({
  intentStatus: 'created',
  everUnknown: false,
  refused: null,
  age_ms: 1_000,
  sinceLastSend_ms: 1_000,
  checks: 0,
  amount: '12.50',
  currency: 'EUR',
  ...more,
});
const unknown = (more: Partial<AttemptKnowledge> = {}) => known({ intentStatus: 'unknown', everUnknown: true, ...more });

describe('single answers', () => {
  it('keeps the intent, the attempt and the key of what was not taken, and honours Retry-After', () => {
    const decision = decideSubmit(notTaken(7_000), known(), promise);
    expect(decision).toMatchObject({ transitions: [], nextCheck_ms: 7_000, attempt: { live: true, mayHaveBeenTaken: false } });
  });

  it('waits for a wish beyond the life of the key no longer than the key lives', () => {
    expect(decideSubmit(notTaken(86_400_000), known(), promise).nextCheck_ms).toBe(SENDABLE_MS - 1_000);
  });

  it('looks before it sends again what was not taken after an unknown end', () => {
    expect(decideSubmit(notTaken(), unknown(), promise).attempt.mayHaveBeenTaken).toBe(true);
  });

  it('does not believe a refusal of a second send, and keeps it for the empty look-up', () => {
    const first = decideSubmit({ kind: 'rejected', failure: refusal, ofDuplicate: false, ...http(422) }, unknown(), promise);
    expect(first).toMatchObject({ transitions: [], nextCheck_ms: 1_000, attempt: { refused: refusal, live: true } });
    const early = decideLookup({ kind: 'none' }, unknown({ refused: refusal, sinceLastSend_ms: STALE_MS - 1 }), promise);
    expect(early).toMatchObject({ transitions: [], nextCheck_ms: 1, attempt: { refused: refusal } });
    const late = decideLookup({ kind: 'none' }, unknown({ refused: refusal, sinceLastSend_ms: STALE_MS }), promise);
    expect(late).toMatchObject({ transitions: ['reject'], failure: refusal });
  });

  it('does not believe a first refusal that speaks of a duplicate: a proxy may have doubled the send', () => {
    const first = decideSubmit({ kind: 'rejected', failure: refusal, ofDuplicate: true, ...http(422) }, known(), promise);
    expect(first).toMatchObject({ transitions: ['lose_sight'], nextCheck_ms: 1_000, attempt: { refused: refusal, live: true } });
  });

  it('gives a person what is too old to be sent again', () => {
    const decision = decideLookup({ kind: 'none' }, unknown({ age_ms: SENDABLE_MS, sinceLastSend_ms: SENDABLE_MS }), promise);
    expect(decision).toMatchObject({ transitions: ['give_up'], nextCheck_ms: null });
  });

  it('gives a person another amount than was sent, from the first answer on', () => {
    const accepted: SubmitOutcome = { kind: 'accepted', payment: paymentOf('succeeded', { amount: '125.00' }), ...http(201) };
    expect(decideSubmit(accepted, known(), promise).transitions).toEqual(['lose_sight', 'give_up']);
  });

  it('goes on asking where a provider changes the amount of what it took, or has two of it, and tells of that', () => {
    const pending = known({ intentStatus: 'pending' });
    const other = decideFound(paymentOf('succeeded', { amount: '125.00' }), pending);
    const [one, two] = [paymentOf('succeeded'), { ...paymentOf('succeeded'), providerReference: 'P-2' }];
    const twice = decideLookup({ kind: 'found', payments: [one, two] }, pending, promise);
    for (const { transitions, nextCheck_ms } of [other, twice]) {
      expect(transitions).toEqual([]);
      expect(nextCheck_ms).toBeGreaterThan(0);
    }
    expect(other.stray).toMatchObject({ provider_reference: one.providerReference, kind: 'other_amount' });
    expect(twice.stray).toMatchObject({ provider_reference: 'P-2', kind: 'contradiction' });
    // Where a person is asked by the intent itself, it is no stray.
    expect(decideFound(paymentOf('succeeded', { amount: '125.00' }), unknown()).stray).toBeUndefined();
  });

  it('tells both steps of a payment that was paid and came back before anybody asked', () => {
    expect(decideFound(paymentOf('returned'), unknown()).transitions).toEqual(['succeed', 'return']);
  });

  it.each(['succeeded', 'returned', 'failed'] as const)(
    'is not moved, nor robbed of its reason, by an older word after %s',
    (status) => {
      const decision = decideFound(paymentOf('pending'), known({ intentStatus: status }));
      expect(decision.transitions).toEqual([]);
      expect('failure' in decision).toBe(false);
    },
  );

  it('gives a person a payment that is there after it was refused or had failed', () => {
    expect(decideFound(paymentOf('pending'), known({ intentStatus: 'rejected' })).transitions).toEqual(['give_up']);
    expect(decideFound(paymentOf('succeeded'), known({ intentStatus: 'failed' })).transitions).toEqual(['give_up']);
  });

  it('does not take back what was told as paid, and keeps the word that contradicts it', () => {
    const decision = decideFound(paymentOf('failed'), known({ intentStatus: 'succeeded' }));
    expect(decision).toMatchObject({ transitions: [], nextCheck_ms: null, attempt: { outcome: 'accepted', live: false } });
    expect(decision.attempt.detail).toMatch(/says failed after it had said succeeded/);
    expect('failure' in decision).toBe(false);
  });

  it('takes what was held and then failed as come back', () => {
    const decision = decideFound(paymentOf('failed'), known({ intentStatus: 'unclaimed' }));
    expect(decision).toMatchObject({ transitions: ['return'], failure: refusal, nextCheck_ms: null });
  });

  it('asks less and less often where one send after the other ends unknown', () => {
    const outcome: SubmitOutcome = { kind: 'unknown', detail: 'no answer', unreadable: false, ...http() };
    expect(decideSubmit(outcome, known({ checks: 5 }), promise).nextCheck_ms).toBe(1_000);
    expect(decideSubmit(outcome, unknown({ checks: 3 }), promise).nextCheck_ms).toBe(8_000);
    expect(decideSubmit(outcome, unknown({ checks: 50 }), promise).nextCheck_ms).toBe(60_000);
  });

  it('keeps what a provider says of an intent in review for the person who decides, and asks no more', () => {
    const decision = decideFound(paymentOf('succeeded'), unknown({ intentStatus: 'needs_review' }));
    expect(decision).toMatchObject({ transitions: [], nextCheck_ms: null, attempt: { outcome: 'unknown', live: true } });
    expect(decision.attempt.detail).toMatch(/says succeeded/);
  });

  it.each(['succeeded', 'failed', 'returned', 'rejected'] as const)(
    'stops asking about what is %s once the provider has forgotten it',
    (status) => {
      const about = known({ intentStatus: status });
      expect(decideLookup({ kind: 'none' }, { ...about, age_ms: RETENTION_MS - 1 }, promise).nextCheck_ms).toBeGreaterThan(0);
      expect(decideLookup({ kind: 'none' }, { ...about, age_ms: RETENTION_MS }, promise).nextCheck_ms).toBeNull();
      expect(decideWithoutLookup(about, { ...promise, lookup: false }).nextCheck_ms).toBeNull();
    },
  );

  it('takes no empty answer for a refusal once the provider may have forgotten the key', () => {
    const waiting = { refused: refusal, sinceLastSend_ms: STALE_MS };
    expect(decideLookup({ kind: 'none' }, unknown({ ...waiting, age_ms: SENDABLE_MS - 1 }), promise).transitions).toEqual([
      'reject',
    ]);
    expect(decideLookup({ kind: 'none' }, unknown({ ...waiting, age_ms: SENDABLE_MS }), promise).transitions).toEqual([
      'give_up',
    ]);
  });
});
