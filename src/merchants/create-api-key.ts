import { Inject, Injectable } from '@nestjs/common';
import { differences } from '../platform/audit/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import type { Tx } from '../platform/database/index.js';
import { kernelProblem, notFound, type Problem } from '../platform/http/index.js';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { toInstant } from '../platform/time/index.js';
import { apiKeyMode, hashApiKey, newApiKey } from './api-key-format.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { MerchantRepository } from './merchant.repository.js';
import type { OperatorScope, Scope } from './scopes.js';

export interface CreateApiKeyCommand {
  /** Null: a key for an operator. */
  readonly merchantId: string | null;
  readonly name: string | null;
  /** Null: all. */
  readonly scopes: readonly (Scope | OperatorScope)[] | null;
  /** RFC 3339 instant; null: never. */
  readonly expiresAt: string | null;
}

export interface CreatedApiKey {
  readonly key: ApiKey;
  /** In clear, for the answer only. */
  readonly apiKey: string;
}

/** Makes a further key for a merchant, or for an operator; only its hash is stored. */
@Injectable()
export class CreateApiKey {
  constructor(
    private readonly merchants: MerchantRepository,
    private readonly keys: ApiKeyRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(tx: Tx, command: CreateApiKeyCommand): Promise<CreatedApiKey> {
    const { merchantId } = command;
    if (merchantId !== null && (await this.merchants.find(tx, merchantId)) === null) throw notFound();
    const expiresAt = command.expiresAt === null ? null : readExpiry(command.expiresAt);
    const id = newUuid();
    const apiKey = newApiKey(id, merchantId === null ? 'op' : apiKeyMode(this.configuration));
    const key = await this.keys.insert(tx, {
      id,
      merchant_id: merchantId,
      name: command.name,
      secret_hash: hashApiKey(apiKey),
      scopes: command.scopes,
      expires_at: expiresAt,
    });
    // Compared as stored, on the database's clock; the refusal undoes the insert.
    if (expiresAt !== null && expiresAt <= key.created_at) throw invalidExpiry('must be in the future');
    tx.note({ subject: toTypeId('key', id), changes: differences(['name', 'scopes', 'expires_at'], key) });
    return { key, apiKey };
  }
}

function readExpiry(text: string): Date {
  const read = toInstant(text, 'UTC');
  if ('fault' in read || read.form !== 'instant')
    throw invalidExpiry('must be an RFC 3339 instant with offset, such as 2027-11-21T12:00:00Z');
  return read.instant;
}

const invalidExpiry = (detail: string): Problem =>
  kernelProblem('invalid_field', 'The key can not be made like this; `errors` says why.', {
    errors: [{ pointer: '/expires_at', code: 'invalid_field', detail: `expires_at ${detail}` }],
  });
