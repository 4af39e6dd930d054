import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { KeyCredentials } from './credentials.js';

export interface RevokeApiKeyCommand {
  /** Null: an operator's key. */
  readonly merchantId: string | null;
  readonly keyId: string;
}

/** Revokes a key: refused at once by this process, by every other when its short memory of the key ends. Repeating is harmless. */
@Injectable()
export class RevokeApiKey {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly credentials: KeyCredentials,
  ) {}

  async execute(tx: Tx, { merchantId, keyId }: RevokeApiKeyCommand): Promise<void> {
    if (!(await this.keys.revoke(tx, merchantId, keyId))) throw notFound();
    tx.note({ subject: toTypeId('key', keyId), changes: [{ field: 'revoked', before: null, after: true }] });
    tx.afterCommit(() => {
      this.credentials.forget(keyId);
    });
  }
}
