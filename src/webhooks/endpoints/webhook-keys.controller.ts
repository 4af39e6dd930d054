import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions } from '../../platform/database/index.js';
import { Operation, Public } from '../../platform/http/index.js';
import { idFilter } from '../../platform/ids/index.js';
import { WebhookKeysDto } from './endpoint-response.dto.js';
import { WebhookKeysQuery } from './endpoint.dto.js';
import { EndpointQueries } from './endpoint.queries.js';

/** Five minutes. A replaced key goes on signing for its grace, so a receiver with an older list refuses nothing. */
const CACHED = 'public, max-age=300';

/**
 * What receivers verify `v1a` signatures with. The keys are the endpoint's own, not ours: with one key for everybody, a merchant
 * could name another's receiver as its endpoint, and what it sent there would verify.
 */
@ApiTags('Webhook endpoints')
@Controller('.well-known/tranche-webhook-keys')
export class WebhookKeysController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: EndpointQueries,
  ) {}

  /** The public keys of an endpoint; none where it is unknown or signed with `v1` alone. Needs no key. */
  @Operation('getWebhookKeys', { refuses: ['invalid_query', 'database_unavailable'] })
  @Get()
  @Public()
  @Header('Cache-Control', CACHED)
  async keys(@Query() { endpoint_id }: WebhookKeysQuery): Promise<WebhookKeysDto> {
    const id = idFilter('endpoint', endpoint_id);
    return { keys: id === null ? [] : await this.transactions.asEngine((tx) => this.queries.publicKeys(tx, id)) };
  }
}
