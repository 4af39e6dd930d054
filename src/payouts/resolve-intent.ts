import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import type { AttemptKnowledge, Decision } from './decide-outcome.js';
import type { IntentTransition } from './payout-intent.lifecycle.js';
import { PayoutIntentRepository } from './payout-intent.repository.js';
import { payoutProblem } from './payout.problems.js';
import { SettleIntents } from './settle-intents.js';

/** How a person may settle an intent, and the step it takes. */
export const RESOLUTIONS = {
  pending: ['await_outcome'],
  unclaimed: ['hold_unclaimed'],
  succeeded: ['succeed'],
  failed: ['fail'],
  // Paid first: a payout that was processed is never told with money that has come back.
  returned: ['succeed', 'return'],
  rejected: ['reject'],
} as const satisfies Readonly<Record<string, readonly IntentTransition[]>>;

export type Resolution = keyof typeof RESOLUTIONS;

/** A person has asked the provider and says what became of an intent that no machine can clear up. */
@Injectable()
export class ResolveIntent {
  constructor(
    private readonly intents: PayoutIntentRepository,
    private readonly settle: SettleIntents,
  ) {}

  /** @returns the payout of the intent. */
  async execute(tx: Tx, command: { intentId: string; status: Resolution; reason: string }): Promise<string> {
    const found = await this.intents.payoutOfIntent(tx, command.intentId);
    if (found === null) throw notFound();
    const { payout_id: payoutId, merchant_id: merchantId } = found;
    const judge = (known: AttemptKnowledge) => decide(known, command);
    const finding = { payoutId, claimNo: null, httpStatus: null, source: 'operator' as const, decide: judge };
    const settled = await this.settle.execute(tx, [finding]);
    if (!settled.has(payoutId))
      throw payoutProblem('intent_not_in_review', 'Its payout is being tried again under a new attempt.');
    // Not the reason, which may speak of the receiver: it is kept with the attempt, cleared of account data.
    tx.note({ merchantId, changes: [{ field: 'status', before: 'needs_review', after: command.status }] });
    return payoutId;
  }
}

function decide(known: AttemptKnowledge, { status, reason }: { status: Resolution; reason: string }): Decision {
  if (known.intentStatus !== 'needs_review') {
    throw payoutProblem('intent_not_in_review', `This intent is ${known.intentStatus}; only needs_review is settled by hand.`);
  }
  const open = status === 'pending' || status === 'unclaimed';
  return {
    transitions: RESOLUTIONS[status],
    failure:
      status === 'failed' || status === 'rejected'
        ? { code: 'resolved_by_operator', message: reason, retryable: status === 'rejected' }
        : null,
    nextCheck_ms: open ? 0 : null,
    attempt: {
      outcome: status === 'rejected' ? 'rejected' : 'accepted',
      mayHaveBeenTaken: status !== 'rejected',
      everUnknown: true,
      refused: null,
      live: false,
      detail: `settled by an operator as ${status}: ${reason}`,
    },
  };
}
