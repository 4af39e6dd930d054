import type { Sealer } from '../../platform/crypto/index.js';
import { isAsymmetric, newSigningKey, publicKeyOf } from './signing-keys.js';

/** A secret as it is sealed at rest, `whsec_…` or `whsk_…`; the current ones are first in their list. */
export interface SigningSecret {
  readonly secret: string;
  /** RFC 3339; null: a current one. From then on the secret signs nothing any more. */
  readonly expires_at: string | null;
}

/** What anybody may know of an ed25519 key among the secrets. */
export interface PublicKey {
  /** `whpk_…` */
  readonly key: string;
  readonly expires_at: string | null;
}

/** The place that an endpoint's secrets are sealed for. */
export const endpointSecretsPlace = (endpointId: string): string => `endpoint:${endpointId}:secrets`;

/** The place that a merchant's secrets are sealed for. */
export const merchantSecretsPlace = (merchantId: string): string => `merchant:${merchantId}:webhook_secrets`;

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
 * The list after a rotation: fresh secrets first, those they replace until the grace ends. One that was replaced before
 * keeps its own end, since rotating again must not lengthen the life of a leaked one; ended ones are forgotten.
 */
export function rotateSecrets(
  secrets: readonly SigningSecret[],
  rotation: { fresh: readonly string[]; now: Date; grace_s: number },
): SigningSecret[] {
  const end = new Date(rotation.now.getTime() + rotation.grace_s * 1000).toISOString();
  const replaced = secrets.map(({ secret, expires_at }) => ({ secret, expires_at: expires_at ?? end }));
  const fresh = rotation.fresh.map((secret) => ({ secret, expires_at: null }));
  return [...fresh, ...replaced.filter((secret) => signsAt(secret, rotation.now))];
}

export const publicKeysOf = (secrets: readonly SigningSecret[]): PublicKey[] =>
  secrets
    .filter(({ secret }) => isAsymmetric(secret))
    .map(({ secret, expires_at }) => ({ key: publicKeyOf(secret), expires_at }));

/** The list with an ed25519 key, or without any: taking it away ends it at once, because `v1` still signs everything. */
export function signAsymmetrically(secrets: readonly SigningSecret[], wanted: boolean): SigningSecret[] {
  if (!wanted) return secrets.filter(({ secret }) => !isAsymmetric(secret));
  const has = secrets.some(({ secret, expires_at }) => isAsymmetric(secret) && expires_at === null);
  return has ? [...secrets] : [...secrets, { secret: newSigningKey(), expires_at: null }];
}
