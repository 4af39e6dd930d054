import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { DeliveryRepository } from '../deliveries/delivery.repository.js';
import { webhookProblem } from '../webhooks.problems.js';
import { EndpointNotices } from './endpoint-notices.js';
import { EndpointRepository } from './endpoint.repository.js';

/** Sends a `webhook.ping` to one endpoint, signed and delivered like any event, in place of an earlier one that still waits. */
@Injectable()
export class PingEndpoint {
  constructor(
    private readonly endpoints: EndpointRepository,
    private readonly deliveries: DeliveryRepository,
    private readonly notices: EndpointNotices,
  ) {}

  /** @returns the id of the delivery, to be looked at. */
  async execute(tx: Tx, { merchantId, endpointId }: { merchantId: string; endpointId: string }): Promise<string> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (endpoint.status === 'disabled') throw webhookProblem('endpoint_disabled', 'Enable the endpoint, then ping it.');
    await this.deliveries.skipPings(tx, endpointId);
    await this.notices.tell(tx, [{ endpointId, type: 'webhook.ping' }]);
    return this.deliveries.latestPing(tx, endpointId);
  }
}
