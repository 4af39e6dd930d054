import { intentExample, paidMembers, payoutEventDefinition } from '../bulks/index.js';
import type { TransitionDefinition } from '../platform/lifecycle/index.js';
import { defineEvents, type EventTypeDefinition } from '../webhooks/index.js';
import { type IntentStatus, type IntentTransition, payoutIntentLifecycle } from './payout-intent.lifecycle.js';

/** Where a payout can be while its intent moves. Both statuses of the event are this one. */
const STATUSES_WITH_INTENT = ['PROCESSING_IN_PROGRESS', 'PROCESSED', 'INTENT_CREATION_FAILED'] as const;

interface IntentEventShape {
  readonly meaning: string;
  readonly sequence: number;
  readonly payoutStatus?: (typeof STATUSES_WITH_INTENT)[number];
  readonly final?: boolean;
  readonly intent?: Readonly<Record<string, unknown>>;
}

/** An event of the intent's lifecycle: told about the payout, whose status does not change with it. */
function intentEvent(transition: IntentTransition, shape: IntentEventShape): EventTypeDefinition {
  const step: TransitionDefinition<IntentStatus> = payoutIntentLifecycle.transitions[transition];
  const { meaning, sequence, payoutStatus = 'PROCESSED', final = false, intent = {} } = shape;
  const status = { enum: STATUSES_WITH_INTENT };
  return payoutEventDefinition({
    meaning,
    members: {
      previous_status: status,
      status,
      ...paidMembers(step.to),
    },
    example: {
      sequence,
      previous_status: payoutStatus,
      status: payoutStatus,
      final,
      intent: { ...intentExample, status: step.to, ...intent },
    },
  });
}

/** One event for each step of the intent's lifecycle that is told; a test compares the two. */
defineEvents({
  'payout.intent_unknown': intentEvent('lose_sight', {
    meaning:
      'The call ended without an answer that says whether the provider took it. It is asked until that is clear; nothing is sent twice.',
    sequence: 5,
    payoutStatus: 'PROCESSING_IN_PROGRESS',
    intent: { provider_reference: null, next_check_at: '2026-12-01T08:00:05.000Z' },
  }),
  'payout.intent_needs_review': intentEvent('give_up', {
    meaning: 'We can not find out by ourselves what became of it; the operator decides. Do not pay it another way.',
    sequence: 6,
    payoutStatus: 'PROCESSING_IN_PROGRESS',
    intent: { provider_reference: null },
  }),
  'payout.intent_pending': intentEvent('await_outcome', {
    meaning: 'The provider took it and is at work.',
    sequence: 6,
    intent: { next_check_at: '2026-12-01T08:01:00.000Z' },
  }),
  'payout.intent_unclaimed': intentEvent('hold_unclaimed', {
    meaning: 'The provider holds the money for a receiver it does not know yet.',
    sequence: 6,
    intent: { next_check_at: '2026-12-01T09:00:00.000Z' },
  }),
  'payout.intent_succeeded': intentEvent('succeed', { meaning: 'The provider says that it is paid.', sequence: 6, final: true }),
  'payout.intent_failed': intentEvent('fail', {
    meaning: 'The provider took it and says that it is not paid; the reference is free again.',
    sequence: 7,
    final: true,
    intent: { failure: { code: 'receiver_blocked', message: 'The receiver can not be paid.', retryable: false } },
  }),
  'payout.intent_returned': intentEvent('return', {
    meaning: 'The money came back after it was paid or held; the reference is free again.',
    sequence: 7,
    final: true,
  }),
});
