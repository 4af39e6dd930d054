import type { ProviderPayment } from '../connectors/index.js';

/** Back-off of a send that was not taken, and of looks: 1, 2, 4 … s, at most the second figure. Doubling spares a provider in trouble. */
const BACKOFF_MS = 1_000;
export const NOT_TAKEN_WAIT_MAX_MS = 60_000;
export const UNKNOWN_WAIT_MAX_MS = 60_000;
/** A pending outcome mostly comes by notification; asking is the safety net. */
export const PENDING_WAIT_MAX_MS = 15 * 60_000;
/** A provider's hint is followed within these bounds. */
const HINT_MIN_MS = 50;

export const backoff_ms = (checks: number, max_ms: number): number => Math.min(BACKOFF_MS * 2 ** Math.min(checks, 20), max_ms);

/** When to ask for an outcome again: open ones always, closed ones only where the provider says that more may come. */
export function nextLook_ms(payment: ProviderPayment, checks: number): number | null {
  const open = payment.status === 'pending' || payment.status === 'unclaimed';
  if (payment.checkAfter_ms !== null) return Math.max(payment.checkAfter_ms, HINT_MIN_MS);
  return open ? backoff_ms(checks + 2, PENDING_WAIT_MAX_MS) : null;
}
