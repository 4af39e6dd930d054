import type { Evidence } from './evidence.js';

export interface Violation {
  readonly invariant: number;
  readonly subject: string;
  readonly detail: string;
}

export type Finding = Omit<Violation, 'invariant'>;

export interface Invariant {
  readonly number: number;
  readonly statement: string;
  check?(evidence: Evidence): Finding[];
  /** The test that proves it where this evidence can not. */
  readonly provenBy?: string;
}

const PAID = new Set(['pending', 'unclaimed', 'succeeded', 'failed', 'returned']);

export const INVARIANTS: readonly Invariant[] = [
  {
    number: 1,
    statement: 'Per payout at most one payment at the provider, ever.',
    check: ({ payouts, ledger, world }) =>
      payouts.flatMap(({ id, intent_id }) => {
        const paid = ledger.filter((entry) => entry.payoutId === id || entry.intentId === `${intent_id}`);
        return paid.length > 1 ? [{ subject: world.stage.nameOf('payout', id), detail: `is paid ${paid.length} times` }] : [];
      }),
  },
  {
    number: 2,
    statement: 'Once faults stop, every payout comes to rest: none lost, none stuck.',
    check: ({ payouts, world }) =>
      payouts.flatMap(({ id, status, intent_status, held }) => {
        const rests =
          ['CANCELLED', 'VALIDATION_FAILED', 'INTENT_CREATION_FAILED'].includes(status) ||
          (status === 'SCHEDULED' && held) ||
          (status === 'PROCESSING_IN_PROGRESS' && intent_status === 'needs_review') ||
          (status === 'PROCESSED' && ['succeeded', 'failed', 'returned', 'needs_review'].includes(intent_status ?? ''));
        return rests
          ? []
          : [{ subject: world.stage.nameOf('payout', id), detail: `is left ${status} with intent ${String(intent_status)}` }];
      }),
  },
  {
    number: 3,
    statement: 'The state agrees with what the provider has.',
    check: ({ payouts, ledger, world }) =>
      payouts.flatMap(({ id, status, intent_status }) => {
        const paid = ledger.some(({ payoutId }) => payoutId === id);
        const says = intent_status !== null && PAID.has(intent_status);
        if (intent_status === 'needs_review' || paid === says) return [];
        const detail = `is ${status}, intent ${String(intent_status)}, and ${paid ? 'paid' : 'not paid'}`;
        return [{ subject: world.stage.nameOf('payout', id), detail }];
      }),
  },
];
