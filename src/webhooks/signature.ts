import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

export interface SignedContent {
  /** The event id: the same on every attempt, so that a receiver knows a repetition. */
  readonly id: string;
  /** The second of this attempt, since the epoch. */
  readonly timestamp_s: number;
  readonly body: Buffer;
}

/** The headers of Standard Webhooks 1.0: one `v1` signature (HMAC-SHA256) per secret, any of which satisfies a receiver. */
export function signatureHeaders(content: SignedContent, secrets: readonly string[]): Record<string, string> {
  const signed = `${content.id}.${content.timestamp_s}.`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
    return `v1,${createHmac('sha256', key).update(signed, 'utf8').update(content.body).digest('base64')}`;
  });
  return {
    'webhook-id': content.id,
    'webhook-timestamp': String(content.timestamp_s),
    'webhook-signature': signatures.join(' '),
  };
}
