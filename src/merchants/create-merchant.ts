import { Injectable } from '@nestjs/common';
import { differences } from '../platform/audit/index.js';
import { Sealer } from '../platform/crypto/index.js';
import type { Tx } from '../platform/database/index.js';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { merchantSecretsPlace, newSigningSecret, sealSecrets } from '../webhooks/index.js';
import { CreateApiKey } from './create-api-key.js';
import { MerchantRules, type MerchantWish } from './merchant-rules.js';
import type { Merchant } from './merchant.entity.js';
import { MerchantRepository } from './merchant.repository.js';

export interface CreateMerchantCommand extends MerchantWish {
  readonly name: string;
}

export interface CreatedMerchant {
  readonly merchant: Merchant;
  readonly apiKeyId: string;
  /** In clear, for the answer only. */
  readonly apiKey: string;
  /** In clear, for the answer only. */
  readonly webhookSigningSecret: string;
}

/** Makes a merchant with its first key and the secret that signs its webhooks; both are in clear nowhere but in the answer. */
@Injectable()
export class CreateMerchant {
  constructor(
    private readonly merchants: MerchantRepository,
    private readonly rules: MerchantRules,
    private readonly createApiKey: CreateApiKey,
    private readonly sealer: Sealer,
  ) {}

  async execute(tx: Tx, command: CreateMerchantCommand): Promise<CreatedMerchant> {
    const settings = await this.rules.settingsFor(tx, command);
    const id = newUuid();
    const webhookSigningSecret = newSigningSecret();
    const secrets = [{ secret: webhookSigningSecret, expires_at: null }];
    const merchant = await this.merchants.insert(tx, {
      id,
      name: command.name,
      ...settings,
      webhook_secrets: sealSecrets(this.sealer, secrets, merchantSecretsPlace(id)),
    });
    const { key, apiKey } = await this.createApiKey.execute(tx, { merchantId: id, name: null, scopes: null, expiresAt: null });
    tx.note({
      subject: toTypeId('merchant', id),
      merchantId: id,
      changes: differences(['name', 'timezone', 'connector_id', 'limits'], merchant),
    });
    return { merchant, apiKeyId: key.id, apiKey, webhookSigningSecret };
  }
}
