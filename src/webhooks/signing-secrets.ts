import { randomBytes } from 'node:crypto';
import type { Sealer } from '../platform/crypto/index.js';

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;

/** A secret as it is sealed at rest; the current one is first in its list. */
export interface SigningSecret {
  readonly secret: string;
  /** RFC 3339; null: the current one. From then on the secret signs nothing any more. */
  readonly expires_at: string | null;
}

/** The place that an endpoint's secrets are sealed for. */
export const endpointSecretsPlace = (endpointId: string): string => `endpoint:${endpointId}:secrets`;

/** The place that a merchant's secrets are sealed for. */
export const merchantSecretsPlace = (merchantId: string): string => `merchant:${merchantId}:webhook_secrets`;

/** `whsec_` and standard base64: hex or base64url would break the official libraries. */
export const newSigningSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

export const sealSecrets = (sealer: Sealer, secrets: readonly SigningSecret[], place: string): Buffer =>
  sealer.seal(JSON.stringify(secrets), place);

export const openSecrets = (sealer: Sealer, sealed: Buffer, place: string): SigningSecret[] =>
  JSON.parse(sealer.open(sealed, place)) as SigningSecret[];

/** The secrets that sign at this instant. */
export const secretsAt = (secrets: readonly SigningSecret[], at: Date): string[] =>
  secrets.filter((secret) => signsAt(secret, at)).map(({ secret }) => secret);

const signsAt = ({ expires_at }: SigningSecret, at: Date): boolean =>
  expires_at === null || Date.parse(expires_at) > at.getTime();

/**
 * The list after a rotation: a fresh secret first, the one it replaces until the grace ends. One that was replaced before
 * keeps its own end, since rotating again must not lengthen the life of a leaked one; ended ones are forgotten.
 */
export function rotateSecrets(
  secrets: readonly SigningSecret[],
  rotation: { fresh: string; now: Date; grace_s: number },
): SigningSecret[] {
  const end = new Date(rotation.now.getTime() + rotation.grace_s * 1000).toISOString();
  const replaced = secrets.map(({ secret, expires_at }) => ({ secret, expires_at: expires_at ?? end }));
  return [{ secret: rotation.fresh, expires_at: null }, ...replaced.filter((secret) => signsAt(secret, rotation.now))];
}
