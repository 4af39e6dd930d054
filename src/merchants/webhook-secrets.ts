import { randomBytes } from 'node:crypto';

/** One signing secret. `expires_at` is null for the current one, else the instant at which a replaced one stops to sign. */
export interface WebhookSecret {
  readonly secret: string;
  readonly expires_at: string | null;
}

/** The place that a merchant's signing secrets are sealed for; the dispatcher opens them under the same name. */
export const webhookSecretsPlace = (merchantId: string): string => `merchant:${merchantId}:webhook_secrets`;

/** 32 random bytes after `whsec_`, in standard base64: hex or base64url break the official Standard Webhooks library. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/**
 * The list after a rotation, current first. A secret that was already replaced keeps its own end: rotating again never
 * lengthens the life of a leaked one. Ended ones are forgotten.
 */
export function rotateSecrets(
  secrets: readonly WebhookSecret[],
  rotation: { fresh: string; now: Date; grace_s: number },
): WebhookSecret[] {
  const graceEnd = new Date(rotation.now.getTime() + rotation.grace_s * 1000).toISOString();
  const kept = secrets
    .map(({ secret, expires_at }) => ({ secret, expires_at: expires_at ?? graceEnd }))
    .filter(({ expires_at }) => new Date(expires_at) > rotation.now);
  return [{ secret: rotation.fresh, expires_at: null }, ...kept];
}
