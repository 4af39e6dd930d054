import { Injectable } from '@nestjs/common';
import { Sealer } from '../../platform/crypto/index.js';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { isAsymmetric, newSigningKey, newSigningSecret } from '../signing/signing-keys.js';
import { endpointSecretsPlace, openSecrets, publicKeysOf, rotateSecrets, sealSecrets } from '../signing/signing-secrets.js';
import { webhookProblem } from '../webhooks.problems.js';
import { EndpointSettingsRepository } from './endpoint-settings.repository.js';
import { EndpointRepository } from './endpoint.repository.js';

/** Long enough to bring a secret to every receiver, also over a weekend's release freeze; short enough for a leaked one. */
const GRACE_DEFAULT_S = 86_400;
/** Every live secret is one more signature in a header, and receivers limit the length of those. An ed25519 key counts too. */
const SECRETS_MAX = 10;

export interface RotateEndpointSecretCommand {
  readonly merchantId: string;
  readonly endpointId: string;
  /** Seconds for which the replaced secret signs beside the new one; null: a day. */
  readonly grace_s: number | null;
}

/** Gives an endpoint a fresh secret, and a fresh ed25519 key where it has one; until the grace ends old and new sign. */
@Injectable()
export class RotateEndpointSecret {
  constructor(
    private readonly endpoints: EndpointRepository,
    private readonly settings: EndpointSettingsRepository,
    private readonly sealer: Sealer,
  ) {}

  /** @returns the fresh secret, which is never shown again. */
  async execute(tx: Tx, { merchantId, endpointId, grace_s }: RotateEndpointSecretCommand): Promise<string> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (endpoint.secrets === null) {
      throw webhookProblem(
        'endpoint_not_registered',
        "Only a bulk names this URL: its events are signed with the merchant's secret.",
      );
    }
    const clock = await tx.one<{ now: Date }>('SELECT tranche_now() AS now');
    const fresh = newSigningSecret();
    const place = endpointSecretsPlace(endpointId);
    const current = openSecrets(this.sealer, endpoint.secrets, place);
    const asymmetric = current.some(({ secret, expires_at }) => expires_at === null && isAsymmetric(secret));
    const secrets = rotateSecrets(current, {
      fresh: asymmetric ? [fresh, newSigningKey()] : [fresh],
      now: clock?.now ?? new Date(),
      grace_s: grace_s ?? GRACE_DEFAULT_S,
    });
    if (secrets.length > SECRETS_MAX) throw webhookProblem('too_many_secrets', `${SECRETS_MAX} secrets sign already.`);
    await this.endpoints.writeSecrets(tx, endpointId, sealSecrets(this.sealer, secrets, place));
    await this.settings.write(tx, endpointId, {
      ...(await this.settings.of(tx, endpointId)),
      public_keys: publicKeysOf(secrets),
    });
    return fresh;
  }
}
