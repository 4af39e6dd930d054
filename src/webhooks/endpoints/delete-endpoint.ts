import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { webhookProblem } from '../webhooks.problems.js';
import { EndpointRepository } from './endpoint.repository.js';

/**
 * Ends a registration: its secrets are forgotten, and what waits for it is dropped. Where bulks name the URL, their events still
 * go there, with what waits, signed with the merchant's secret alone.
 */
@Injectable()
export class DeleteEndpoint {
  constructor(private readonly endpoints: EndpointRepository) {}

  async execute(tx: Tx, { merchantId, endpointId }: { merchantId: string; endpointId: string }): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (!endpoint.registered) {
      throw webhookProblem(
        'endpoint_named_by_bulk',
        'Only bulks name this URL. Change their webhook_url, or disable the endpoint.',
      );
    }
    tx.note({ changes: [{ field: 'url', before: endpoint.url, after: null }] });
    await this.endpoints.unregister(tx, endpointId);
    tx.wake('backlog');
  }
}
