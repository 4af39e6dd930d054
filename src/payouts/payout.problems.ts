import { defineProblems } from '../platform/http/index.js';

/** What the routes about execution refuse, beyond the tables of the kernel and of bulks. */
export const payoutProblem = defineProblems({
  payout_not_retryable: {
    status: 409,
    title: 'Payout not retryable',
    meaning: 'Only a payout in INTENT_CREATION_FAILED whose failure is retryable can be retried.',
  },
  duplicate_reference: {
    status: 409,
    title: 'Duplicate reference',
    meaning: 'Another payout holds the reference by now; `existing_id` names it.',
  },
  receiver_erased: {
    status: 409,
    title: 'Receiver erased',
    meaning: 'The data of the receiver was erased; order the payout again in a new bulk.',
  },
  intent_not_in_review: {
    status: 409,
    title: 'Intent not in review',
    meaning: 'Only an intent in needs_review is settled by hand; any other is settled by its provider.',
  },
});
