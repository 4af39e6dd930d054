import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { EndpointNotices } from './endpoint-notices.js';
import { EndpointRepository } from './endpoint.repository.js';

/** Sends nothing to an endpoint any more, and holds its events until it is enabled. Calls that are out go on. */
@Injectable()
export class DisableEndpoint {
  constructor(
    private readonly endpoints: EndpointRepository,
    private readonly notices: EndpointNotices,
  ) {}

  async execute(tx: Tx, { merchantId, endpointId }: { merchantId: string; endpointId: string }): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (endpoint.status === 'disabled') return;
    await this.endpoints.writeStatus(tx, endpointId, { status: 'disabled', reason: 'by_hand' });
    tx.note({ changes: [{ field: 'status', before: endpoint.status, after: 'disabled' }] });
    await this.notices.tell(tx, [{ endpointId, type: 'webhook_endpoint.disabled' }]);
  }
}
