import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** As PostgreSQL itself has by default (`scram_iterations`). */
const ITERATIONS = 4096;
const KEY_BYTES = 32;

/** What PostgreSQL keeps of a password, from which it can not be computed: RFC 5803, SCRAM-SHA-256. */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  // The preparation of RFC 4013, as far as it changes any password that a person would set.
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, KEY_BYTES, 'sha256');
  const keyed = (word: string): Buffer => createHmac('sha256', salted).update(word).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${keyed('Server Key').toString('base64')}`;
}
