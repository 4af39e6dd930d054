import { Injectable } from '@nestjs/common';
import { Sealer } from '../platform/crypto/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { merchantSecretsPlace, newSigningSecret, openSecrets, rotateSecrets, sealSecrets } from '../webhooks/index.js';
import { MerchantRepository } from './merchant.repository.js';

export interface RotateWebhookSecretCommand {
  readonly merchantId: string;
  /** For how many seconds the replaced secret signs beside the new one. */
  readonly grace_s: number;
}

/**
 * Replaces the secret that signs what is sent to the `webhook_url` of a merchant's bulks. Until the grace ends both sign, so a
 * receiver changes over at any moment in between and refuses nothing.
 */
@Injectable()
export class RotateWebhookSecret {
  constructor(
    private readonly merchants: MerchantRepository,
    private readonly sealer: Sealer,
  ) {}

  /** @returns the new secret, in clear, for the answer only. */
  async execute(tx: Tx, { merchantId, grace_s }: RotateWebhookSecretCommand): Promise<string> {
    const merchant = await this.merchants.lock(tx, merchantId);
    if (merchant === null) throw notFound();
    const place = merchantSecretsPlace(merchantId);
    const before = openSecrets(this.sealer, merchant.webhook_secrets, place);
    const fresh = newSigningSecret();
    const after = rotateSecrets(before, { fresh: [fresh], now: merchant.now, grace_s });
    await this.merchants.writeWebhookSecrets(tx, merchantId, sealSecrets(this.sealer, after, place));
    return fresh;
  }
}
