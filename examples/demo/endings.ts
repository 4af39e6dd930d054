import type { Outcome, Payout } from './contract.js';

export interface Ending {
  readonly status: string;
  readonly intent: string;
}

const PAID: Ending = { status: 'PROCESSED', intent: 'succeeded' };
const UNCLAIMED: Ending = { status: 'PROCESSED', intent: 'unclaimed' };
const REFUSED: Ending = { status: 'INTENT_CREATION_FAILED', intent: 'rejected' };

/** The last four digits of the amount choose, as src/connectors/sandbox/README.md says; with any others it is paid. */
const ENDINGS: Readonly<Record<string, Ending>> = {
  '9002': REFUSED,
  '9003': REFUSED,
  '9004': { status: 'PROCESSED', intent: 'failed' },
  '9005': { status: 'PROCESSED', intent: 'returned' },
  '9010': REFUSED,
  '9011': { status: 'PROCESSED', intent: 'pending' },
  '9012': UNCLAIMED,
};

/** Where a payout that is not cancelled has to end up, by the documents of the sandbox alone. */
export function endingOf({ amount, payout_method }: Payout): Ending {
  const stranger = payout_method?.['email']?.endsWith('@mail.test') === true;
  return ENDINGS[(amount ?? '').replace('.', '').slice(-4)] ?? (stranger ? UNCLAIMED : PAID);
}

/** What the bulk says of its intents when every one of these payouts has ended as it has to. */
export function expectedOutcome(payouts: readonly Payout[]): Outcome {
  const intents = payouts.filter(({ status }) => status !== 'CANCELLED').map((payout) => endingOf(payout).intent);
  const count = (...statuses: string[]): number => intents.filter((intent) => statuses.includes(intent)).length;
  return {
    succeeded: count('succeeded'),
    failed: count('failed', 'rejected'),
    pending: count('pending', 'unclaimed'),
    returned: count('returned'),
  };
}
