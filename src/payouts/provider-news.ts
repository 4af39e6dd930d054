import type { ProviderPayment, ProviderStatus } from '../connectors/index.js';
import type { IntentStatus, IntentTransition } from './payout-intent.lifecycle.js';

/** What we hold a payment of the provider against. */
export interface KnownPayment {
  readonly intentStatus: IntentStatus;
  /** Canonical amount and ISO 4217 code that were sent. */
  readonly amount: string;
  readonly currency: string;
}

/** It is still to be found out, by machine, whether the provider took it. */
export const UNDECIDED: readonly IntentStatus[] = ['created', 'unknown'];

/** Why a payment can not be the one that we know under its key; null: it can. Pure. */
export function faultOf(
  payment: ProviderPayment,
  known: KnownPayment,
): { readonly kind: 'other_amount' | 'contradiction'; readonly detail: string } | null {
  const differs =
    (payment.amount !== null && payment.amount !== known.amount) ||
    (payment.currency !== null && payment.currency !== known.currency);
  if (differs) return { kind: 'other_amount', detail: 'The provider has another amount or currency under this key.' };
  if (!contradicts(known.intentStatus, payment.status)) return null;
  return { kind: 'contradiction', detail: `The provider says ${payment.status} after it had said ${known.intentStatus}.` };
}

/** A payment that was refused or had failed is there after all, or one that was paid has failed: no machine decides what that means. */
const contradicts = (from: IntentStatus, to: ProviderStatus): boolean =>
  (from === 'rejected' && to !== 'failed') ||
  (from === 'failed' && to === 'succeeded') ||
  (from === 'succeeded' && to === 'failed');

/** The steps from what we know to what the provider says; none where it says nothing new, or something older. */
export function pathTo(from: IntentStatus, to: ProviderStatus): IntentTransition[] {
  const known = UNDECIDED.includes(from);
  switch (to) {
    case 'pending':
      return known ? ['await_outcome'] : [];
    case 'unclaimed':
      return known || from === 'pending' ? ['hold_unclaimed'] : [];
    case 'succeeded':
      return known || from === 'pending' || from === 'unclaimed' ? ['succeed'] : [];
    case 'failed':
      // What was held and not paid out in the end has come back.
      if (from === 'unclaimed') return ['return'];
      return known || from === 'pending' ? ['fail'] : [];
    case 'returned':
      if (known || from === 'pending') return ['succeed', 'return'];
      return from === 'unclaimed' || from === 'succeeded' ? ['return'] : [];
  }
}
