import type { PayoutRow } from '../bulks/index.js';
import type { AttemptKnowledge } from './decide-outcome.js';
import type { IntentRow } from './payout-intent.repository.js';

/** What the rows say of the live attempt. */
export const knowledgeOf = (payout: PayoutRow, intent: IntentRow): AttemptKnowledge => ({
  intentStatus: intent.status,
  everUnknown: intent.ever_unknown,
  refused: intent.refused,
  age_ms: intent.age_ms,
  sinceLastSend_ms: intent.since_last_send_ms,
  checks: intent.checks,
  amount: payout.amount ?? '',
  currency: payout.currency ?? '',
});
