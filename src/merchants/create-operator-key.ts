import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { kernelProblem, type OperatorPrincipal } from '../platform/http/index.js';
import { CreateApiKey, type CreateApiKeyCommand, type CreatedApiKey } from './create-api-key.js';

export interface CreateOperatorKeyCommand extends Omit<CreateApiKeyCommand, 'merchantId'> {
  readonly maker: OperatorPrincipal;
}

/** Makes a key for an operator. Nobody makes one that may do more than his own: else `keys:write` would be everything. */
@Injectable()
export class CreateOperatorKey {
  constructor(private readonly createApiKey: CreateApiKey) {}

  execute(tx: Tx, { maker, ...wish }: CreateOperatorKeyCommand): Promise<CreatedApiKey> {
    const { scopes: held } = maker;
    const given = wish.scopes ?? ['every scope'];
    const missing = held === null ? [] : given.filter((scope) => !held.includes(scope));
    if (missing.length > 0) {
      throw kernelProblem('forbidden', `Your key can not give what it has not itself: ${missing.join(' ')}.`);
    }
    return this.createApiKey.execute(tx, { ...wish, merchantId: null });
  }
}
