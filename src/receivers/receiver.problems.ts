import { defineProblems } from '../platform/http/index.js';

/** What forgetting somebody refuses, beyond the table of the kernel. */
export const receiverProblem = defineProblems({
  receiver_in_use: {
    status: 409,
    title: 'Receiver in use',
    meaning: 'Payouts of this receiver are not at rest; `errors` names the first hundred. Cancel them, or wait for their end.',
  },
  receivers_not_ready: {
    status: 409,
    title: 'Receivers not ready',
    meaning:
      'What was ordered before receivers could be forgotten is being prepared for it, and has this merchant still to come. Nothing was erased: ask again in some minutes.',
  },
});
