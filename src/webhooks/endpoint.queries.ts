import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { EndpointDto } from './dto/endpoint-response.dto.js';
import type { EndpointRow } from './endpoint.repository.js';

export interface EndpointView extends Omit<EndpointRow, 'secrets' | 'merchant_id'> {
  readonly [column: string]: unknown;
  readonly held: number;
}

/** What is written to a lane just while it is disabled may be `waiting`, and is held all the same. */
const VIEW = `
  SELECT e.id, e.url, e.registered, e.from_bulk, e.event_types, e.description, e.status, e.reason, e.since, e.failure_streak, e.paused_until,
    e.last_success_at, e.created_at, e.updated_at,
    CASE WHEN e.status = 'disabled' THEN (
      (SELECT count(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'held')
      + (SELECT count(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'waiting'))::integer ELSE 0 END AS held
  FROM webhook_endpoint e
  WHERE e.merchant_id = $1 AND e.deleted_at IS NULL`;

const newestFirst = new KeysetList<EndpointView>({
  kind: 'endpoint',
  key: 'e.id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM webhook_endpoint WHERE id = $1 AND merchant_id = $2 AND deleted_at IS NULL`,
  values: 2,
  select: (condition) => `${VIEW} AND ($2::boolean IS NULL OR e.registered = $2) AND ${condition}`,
});

/** A merchant's endpoints, without their secrets. */
@Injectable()
export class EndpointQueries {
  find(tx: Tx, merchantId: string, id: string): Promise<EndpointView | null> {
    return tx.one<EndpointView>(`${VIEW} AND e.id = $2`, [merchantId, id]);
  }

  /** Newest first. @throws `invalid_cursor` */
  list(tx: Tx, filter: { merchantId: string; registered: boolean | null }, page: PageQuery): Promise<KeysetPage<EndpointView>> {
    return newestFirst.read(tx, page, { values: [filter.merchantId, filter.registered], cursorValues: [filter.merchantId] });
  }
}

const instant = (at: Date | null): string | null => (at === null ? null : formatInstant(at));

export const toEndpointResponse = (endpoint: EndpointView) =>
  ({
    id: toTypeId('endpoint', endpoint.id),
    object: 'webhook_endpoint',
    url: endpoint.url,
    event_types: endpoint.event_types,
    description: endpoint.description,
    status: endpoint.status,
    reason: endpoint.reason,
    since: formatInstant(endpoint.since),
    held: endpoint.held,
    registered: endpoint.registered,
    named_by_bulk: endpoint.from_bulk,
    failure_streak: endpoint.failure_streak,
    paused_until: instant(endpoint.paused_until),
    last_success_at: instant(endpoint.last_success_at),
    created_at: formatInstant(endpoint.created_at),
    updated_at: formatInstant(endpoint.updated_at),
  }) satisfies EndpointDto;
