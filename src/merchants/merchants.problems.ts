import { defineProblems } from '../platform/http/index.js';

/** What the operator's routes refuse, beyond the kernel's own table. */
export const merchantProblem = defineProblems({
  no_ledger: {
    status: 404,
    title: 'No ledger',
    meaning: 'Only connectors of type sandbox keep a ledger here. Of any other, the provider knows what it paid.',
  },
});
