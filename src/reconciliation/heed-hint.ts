import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { ProviderBooksRepository } from './provider-books.repository.js';

/**
 * Somebody says that a payment has changed, and nobody vouches for it: the provider is asked now instead of later. Safe
 * whoever says so and however often, because a look is all that comes of it, within the rate and the calls of the connector.
 */
@Injectable()
export class HeedHint {
  constructor(private readonly books: ProviderBooksRepository) {}

  async execute(tx: Tx, connectorId: string, providerReference: string): Promise<void> {
    if (await this.books.bringForward(tx, connectorId, providerReference)) tx.wake('execute');
  }
}
