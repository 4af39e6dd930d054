import { defineProblems } from '../platform/http/index.js';

/** What the routes about comparing books refuse, beyond the table of the kernel. */
export const reconciliationProblem = defineProblems({
  not_in_quarantine: {
    status: 409,
    title: 'Not in quarantine',
    meaning: 'Only a quarantine that is on can be lifted.',
  },
});
