import { defineLifecycle, type StateOf, type TransitionOf } from '../platform/lifecycle/index.js';

/** The life of one payout (docs/lifecycles.md is generated from this literal; api.md section 3 is its source). */
export const payoutLifecycle = defineLifecycle({
  aggregate: 'payout',
  stored: { table: 'payout', column: 'status' },
  states: {
    VALIDATION_PENDING: { meaning: 'Accepted and durable; waits to be judged.' },
    VALIDATION_IN_PROGRESS: { meaning: 'Being judged under a lease; when its process dies, another takes over.' },
    SCHEDULED: { meaning: 'Valid; holds its reference; runs at scheduled_at unless edited, cancelled or held before.' },
    VALIDATION_FAILED: { meaning: 'Invalid: `issues` says why. Never paid unless an edit mends it.' },
    PROCESSING_IN_PROGRESS: { meaning: 'Claimed for its provider; can no longer be edited or cancelled.' },
    PROCESSED: { meaning: 'The provider took the intent; what becomes of it is the status of the intent.', terminal: true },
    INTENT_CREATION_FAILED: { meaning: 'The provider refused the intent for good; nothing was paid. May be retried by hand.' },
    CANCELLED: { meaning: 'Will never be paid.', terminal: true },
  },
  transitions: {
    create: { from: [null], to: 'VALIDATION_PENDING', emits: 'payout.created', meaning: 'A bulk was accepted.' },
    begin_validation: {
      from: ['VALIDATION_PENDING'],
      to: 'VALIDATION_IN_PROGRESS',
      emits: 'payout.validation_in_progress',
      meaning: 'A worker took it to judge it.',
    },
    schedule: { from: ['VALIDATION_IN_PROGRESS'], to: 'SCHEDULED', emits: 'payout.scheduled', meaning: 'No finding.' },
    fail_validation: {
      from: ['VALIDATION_IN_PROGRESS'],
      to: 'VALIDATION_FAILED',
      emits: 'payout.validation_failed',
      meaning: 'At least one finding.',
    },
    edit: {
      from: ['SCHEDULED', 'VALIDATION_FAILED'],
      to: 'VALIDATION_PENDING',
      emits: 'payout.edited',
      meaning: 'The merchant changed it; it is judged again.',
    },
    cancel: {
      from: ['VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS', 'VALIDATION_FAILED', 'SCHEDULED'],
      to: 'CANCELLED',
      emits: 'payout.cancelled',
      meaning: 'The merchant cancelled it before it was claimed, or the bulk drops what is invalid.',
    },
    claim: {
      from: ['SCHEDULED'],
      to: 'PROCESSING_IN_PROGRESS',
      emits: 'payout.processing_in_progress',
      meaning: 'Its instant came; an executor claimed it and wrote the intent and the attempt ahead.',
    },
    process: {
      from: ['PROCESSING_IN_PROGRESS'],
      to: 'PROCESSED',
      emits: 'payout.processed',
      meaning: 'The provider took the intent.',
    },
    fail_intent_creation: {
      from: ['PROCESSING_IN_PROGRESS'],
      to: 'INTENT_CREATION_FAILED',
      emits: 'payout.intent_creation_failed',
      meaning: 'The provider refused the intent for good, or a person settled it as never taken.',
    },
    retry: {
      from: ['INTENT_CREATION_FAILED'],
      to: 'VALIDATION_PENDING',
      emits: 'payout.retried',
      meaning: 'The merchant asked for a new attempt after a retryable refusal.',
    },
  },
});

export type PayoutStatus = StateOf<typeof payoutLifecycle>;
export type PayoutTransition = TransitionOf<typeof payoutLifecycle>;
