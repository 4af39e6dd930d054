import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { recordEvents } from '../events/record-events.js';
import type { EndpointEventType } from './endpoint.events.js';
import { EndpointRepository } from './endpoint.repository.js';

export interface EndpointNotice {
  readonly endpointId: string;
  readonly type: EndpointEventType;
}

/** Tells what happens to endpoints, in the transaction in which it happens. One notice per endpoint and transaction. */
@Injectable()
export class EndpointNotices {
  constructor(private readonly endpoints: EndpointRepository) {}

  async tell(tx: Tx, notices: readonly EndpointNotice[]): Promise<void> {
    if (notices.length === 0) return;
    const types = new Map(notices.map(({ endpointId, type }) => [endpointId, type]));
    const told = await this.endpoints.nextEvents(tx, [...types.keys()]);
    await recordEvents(
      tx,
      told.map((endpoint) => {
        const type = types.get(endpoint.id) ?? 'webhook.ping';
        return {
          merchantId: endpoint.merchant_id,
          type,
          subjectId: endpoint.id,
          sequence: endpoint.last_sequence,
          feed: endpoint.feed,
          bulkId: null,
          payoutId: null,
          bulkEndpointId: null,
          ...(type === 'webhook.ping' ? { onlyEndpointId: endpoint.id } : {}),
          at: endpoint.at,
          data: {
            endpoint_id: toTypeId('endpoint', endpoint.id),
            url: endpoint.url,
            status: endpoint.status,
            reason: endpoint.reason,
          },
        };
      }),
    );
  }
}
