import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import type { Tx } from '../platform/database/index.js';
import { ProviderBooksRepository } from './provider-books.repository.js';

/**
 * Somebody says that a payment has changed, and nobody vouches for it: the provider is asked now instead of later. Safe
 * whoever says so and however often, because a look is all that comes of it, within the rate and the calls of the connector.
 */
@Injectable()
export class HeedHint {
  constructor(
    private readonly books: ProviderBooksRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(tx: Tx, connectorId: string, providerReference: string): Promise<void> {
    const { lease_s } = this.configuration;
    if (await this.books.bringForward(tx, { connectorId, providerReference, lease_s })) tx.wake('execute');
  }
}
