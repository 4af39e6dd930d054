import { defineLifecycle, type StateOf, type TransitionOf } from '../platform/lifecycle/index.js';

/** The life of a payout intent: what the provider has done, as far as we know it for certain. */
export const payoutIntentLifecycle = defineLifecycle({
  aggregate: 'payout_intent',
  stored: { table: 'payout_intent', column: 'status' },
  states: {
    created: { meaning: 'Written ahead; the provider has not answered yet, or said that it has not taken it.' },
    unknown: { meaning: 'It may or may not have been taken; the provider is asked until that is clear.' },
    needs_review: { meaning: 'We can not find out by ourselves; a person decides.' },
    pending: { meaning: 'Taken; the provider is at work.' },
    unclaimed: { meaning: 'Taken; the provider holds the money for a receiver it does not know yet.' },
    succeeded: { meaning: 'Paid.' },
    failed: { meaning: 'Taken and failed at the provider; nothing was paid.' },
    returned: { meaning: 'Paid or held, and come back.', terminal: true },
    rejected: { meaning: 'Refused for good before it was taken; nothing was paid.' },
  },
  transitions: {
    create: {
      from: [null, 'rejected'],
      to: 'created',
      emits: null,
      meaning: 'Claimed (`rejected`: under a new attempt number).',
    },
    lose_sight: {
      from: ['created'],
      to: 'unknown',
      emits: 'payout.intent_unknown',
      meaning: 'The call ended without an answer that says whether it was taken.',
    },
    give_up: {
      from: ['unknown', 'rejected', 'failed'],
      to: 'needs_review',
      emits: 'payout.intent_needs_review',
      meaning: 'Neither a look-up nor another send can clear it up, or the provider contradicts itself.',
    },
    await_outcome: {
      from: ['created', 'unknown', 'needs_review'],
      to: 'pending',
      emits: 'payout.intent_pending',
      meaning: 'Taken, outcome open.',
    },
    hold_unclaimed: {
      from: ['created', 'unknown', 'needs_review', 'pending'],
      to: 'unclaimed',
      emits: 'payout.intent_unclaimed',
      meaning: 'Taken, waits for its receiver.',
    },
    succeed: {
      from: ['created', 'unknown', 'needs_review', 'pending', 'unclaimed'],
      to: 'succeeded',
      emits: 'payout.intent_succeeded',
      meaning: 'The provider says: paid.',
    },
    fail: {
      from: ['created', 'unknown', 'needs_review', 'pending'],
      to: 'failed',
      emits: 'payout.intent_failed',
      meaning: 'The provider took it and says: not paid.',
    },
    return: {
      from: ['unclaimed', 'succeeded'],
      to: 'returned',
      emits: 'payout.intent_returned',
      meaning: 'The provider says: come back.',
    },
    reject: {
      from: ['created', 'unknown', 'needs_review'],
      to: 'rejected',
      emits: null,
      meaning: 'Refused for good; told as payout.intent_creation_failed.',
    },
  },
});

export type IntentStatus = StateOf<typeof payoutIntentLifecycle>;
export type IntentTransition = TransitionOf<typeof payoutIntentLifecycle>;

/** Intents of which nobody knows for certain what became of the money. */
export const UNCLEAR_STATUSES = ['unknown', 'needs_review'] as const satisfies readonly IntentStatus[];
export type UnclearStatus = (typeof UNCLEAR_STATUSES)[number];
