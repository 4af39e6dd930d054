import { Injectable } from '@nestjs/common';
import { differences } from '../../platform/audit/index.js';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { BacklogRepository } from '../deliveries/backlog.repository.js';
import { EndpointNotices } from './endpoint-notices.js';
import { EndpointRepository } from './endpoint.repository.js';

/** What becomes of the events that were held: all are sent, those from an instant on, or none. */
export type Backlog = { readonly kind: 'all' } | { readonly kind: 'from'; readonly from: Date } | { readonly kind: 'drop' };

export interface EnableEndpointCommand {
  readonly merchantId: string;
  readonly endpointId: string;
  readonly backlog: Backlog;
}

/** Lets an endpoint be sent to again, in order. One that is only paused holds nothing: its pause ends. */
@Injectable()
export class EnableEndpoint {
  constructor(
    private readonly endpoints: EndpointRepository,
    private readonly backlog: BacklogRepository,
    private readonly notices: EndpointNotices,
  ) {}

  async execute(tx: Tx, { merchantId, endpointId, backlog }: EnableEndpointCommand): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (endpoint.status === 'active') return;
    await this.endpoints.writeStatus(tx, endpointId, { status: 'active', reason: null });
    if (endpoint.status === 'disabled') await this.backlog.release(tx, endpointId, firstReleased(backlog));
    await this.notices.tell(tx, [{ endpointId, type: 'webhook_endpoint.recovered' }]);
    tx.note({
      changes: [{ field: 'status', before: endpoint.status, after: 'active' }, ...differences(['backlog'], { backlog })],
    });
    tx.wake('deliver');
  }
}

function firstReleased(backlog: Backlog): Date | null {
  switch (backlog.kind) {
    case 'all':
      return new Date(0);
    case 'from':
      return backlog.from;
    case 'drop':
      return null;
  }
}
