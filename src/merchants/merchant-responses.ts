import { toTypeId } from '../platform/ids/index.js';
import type { CreatedApiKey } from './create-api-key.js';
import type { CreatedMerchant } from './create-merchant.js';
import type { ApiKeyDto, CreatedApiKeyDto, CreatedOperatorKeyDto, OperatorKeyDto } from './dto/api-key.dto.js';
import type { EngineBrakeDto, EngineStatusDto } from './dto/engine.dto.js';
import type { CreatedMerchantDto, MerchantDto } from './dto/merchant.dto.js';
import type { EngineStatus } from './engine.queries.js';
import type { EngineBrake } from './engine.repository.js';
import type { ShownApiKey, ShownMerchant } from './merchant.queries.js';

const instant = (at: Date | null): string | null => at?.toISOString() ?? null;

/** Field by field, so that a new column never leaks. */
export function toMerchantResponse(merchant: ShownMerchant): MerchantDto {
  return {
    id: toTypeId('merchant', merchant.id),
    object: 'merchant',
    name: merchant.name,
    timezone: merchant.timezone,
    connector_id: merchant.connector_id === null ? null : toTypeId('connector', merchant.connector_id),
    limits: merchant.limits,
    paused: merchant.paused_at !== null,
    paused_at: instant(merchant.paused_at),
    pause_reason: merchant.pause_reason,
    resumed_at: instant(merchant.resumed_at),
    resume_reason: merchant.resume_reason,
    created_at: merchant.created_at.toISOString(),
    updated_at: merchant.updated_at.toISOString(),
  };
}

export function toCreatedMerchantResponse(created: CreatedMerchant): CreatedMerchantDto {
  return Object.assign(toMerchantResponse(created.merchant), {
    api_key_id: toTypeId('key', created.apiKeyId),
    api_key: created.apiKey,
    webhook_signing_secret: created.webhookSigningSecret,
  });
}

const keyMembers = (key: ShownApiKey) => ({
  name: key.name,
  scopes: key.scopes,
  expires_at: instant(key.expires_at),
  revoked_at: instant(key.revoked_at),
  last_used_at: instant(key.last_used_at),
  created_at: key.created_at.toISOString(),
});

export function toApiKeyResponse(key: ShownApiKey): ApiKeyDto {
  if (key.merchant_id === null) throw new Error('an operator’s key is not shown as a merchant’s');
  const merchant_id = toTypeId('merchant', key.merchant_id);
  return { id: toTypeId('key', key.id), object: 'api_key', merchant_id, ...keyMembers(key) };
}

export function toOperatorKeyResponse(key: ShownApiKey): OperatorKeyDto {
  return { id: toTypeId('key', key.id), object: 'operator_key', ...keyMembers(key) };
}

export function toCreatedOperatorKeyResponse({ key, apiKey }: CreatedApiKey): CreatedOperatorKeyDto {
  return Object.assign(toOperatorKeyResponse(key), { api_key: apiKey });
}

export function toCreatedApiKeyResponse({ key, apiKey }: CreatedApiKey): CreatedApiKeyDto {
  return Object.assign(toApiKeyResponse(key), { api_key: apiKey });
}

export function toEngineBrakeResponse(brake: EngineBrake): EngineBrakeDto {
  return {
    object: 'engine',
    paused: brake.paused_at !== null,
    paused_at: instant(brake.paused_at),
    pause_reason: brake.pause_reason,
    resumed_at: instant(brake.resumed_at),
    resume_reason: brake.resume_reason,
  };
}

export function toEngineStatusResponse(status: EngineStatus): EngineStatusDto {
  return Object.assign(toEngineBrakeResponse(status), {
    merchants: { total: status.merchants, paused: status.merchants_paused },
    connectors: { total: status.connectors, paused: status.connectors_paused },
    bulks_paused: status.bulks_paused,
    payouts: status.payouts,
    outcome: status.outcome,
  });
}
