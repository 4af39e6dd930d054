import { createHmac, sign } from 'node:crypto';
import { isAsymmetric, privateKeyOf, symmetricKeyOf } from './signing-keys.js';

export interface SignedContent {
  /** The event id: the same on every attempt, so that a receiver knows a repetition. */
  readonly id: string;
  /** The second of this attempt, since the epoch. */
  readonly timestamp_s: number;
  readonly body: Buffer;
}

/**
 * The headers of Standard Webhooks 1.0: one signature per secret, any of which satisfies a receiver. `v1` (HMAC-SHA256) comes
 * first, because a receiver that reads only the first one knows no other; `v1a` (ed25519) stands beside it, never alone.
 */
export function signatureHeaders(content: SignedContent, secrets: readonly string[]): Record<string, string> {
  const signed = Buffer.concat([Buffer.from(`${content.id}.${content.timestamp_s}.`, 'utf8'), content.body]);
  const symmetric = secrets.filter((secret) => !isAsymmetric(secret));
  const asymmetric = secrets.filter(isAsymmetric);
  const signatures = [
    ...symmetric.map((secret) => `v1,${createHmac('sha256', symmetricKeyOf(secret)).update(signed).digest('base64')}`),
    ...asymmetric.map((secret) => `v1a,${sign(null, signed, privateKeyOf(secret)).toString('base64')}`),
  ];
  return {
    'webhook-id': content.id,
    'webhook-timestamp': String(content.timestamp_s),
    'webhook-signature': signatures.join(' '),
  };
}
