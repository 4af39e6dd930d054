import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { type EndpointContent, EndpointRepository } from './endpoint.repository.js';
import type { UrlRefusal } from './webhook-url.js';
import { refuseUnknownTypes, refuseUrl, webhookProblem } from './webhooks.problems.js';

export interface UpdateEndpointCommand {
  readonly merchantId: string;
  readonly endpointId: string;
  readonly changes: Partial<EndpointContent>;
  readonly refusal: UrlRefusal | null;
}

/** Changes a registered endpoint. A changed URL takes the backlog along: it is the same lane, somewhere else. */
@Injectable()
export class UpdateEndpoint {
  constructor(private readonly endpoints: EndpointRepository) {}

  async execute(tx: Tx, { merchantId, endpointId, changes, refusal }: UpdateEndpointCommand): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (!endpoint.registered)
      throw webhookProblem('endpoint_not_registered', 'Only a bulk names this URL. Register the URL to give it content.');
    if (refusal !== null) throw refuseUrl(refusal, '/url');
    refuseUnknownTypes(changes.event_types ?? null);
    const content = { url: endpoint.url, event_types: endpoint.event_types, description: endpoint.description, ...changes };
    if (content.url !== endpoint.url && endpoint.from_bulk) {
      throw webhookProblem(
        'endpoint_named_by_bulk',
        'Bulks name this URL and go on to do so. Register the new URL as an endpoint of its own.',
      );
    }
    if (await this.endpoints.writeContent(tx, endpointId, content)) return;
    const existing = await this.endpoints.idOfUrl(tx, merchantId, content.url);
    throw webhookProblem('endpoint_url_taken', 'Another endpoint has this URL, or a bulk names it.', {
      members: existing === null ? {} : { existing_id: toTypeId('endpoint', existing) },
    });
  }
}
