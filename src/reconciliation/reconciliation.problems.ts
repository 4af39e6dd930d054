import { defineProblems } from '../platform/http/index.js';

/** What the routes about comparing books refuse, beyond the table of the kernel. */
export const reconciliationProblem = defineProblems({
  not_in_quarantine: {
    status: 409,
    title: 'Not in quarantine',
    meaning: 'Only a quarantine that is on can be lifted.',
  },
  notification_unconfirmed: {
    status: 503,
    title: 'Notification unconfirmed',
    meaning: 'The provider could not be asked whether the notification is its own. Nothing was done; send it again.',
  },
});
