import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../../platform/http/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { formatInstant } from '../../platform/time/index.js';
import { COUNTED_MAX, HELD_OF_LANE } from '../deliveries/delivery-status.js';
import type { PublicKey } from '../signing/signing-secrets.js';
import type { EndpointDto, EndpointWithHealthDto } from './endpoint-response.dto.js';
import type { EndpointRow } from './endpoint.repository.js';

export interface EndpointView extends Omit<EndpointRow, 'secrets' | 'merchant_id'> {
  readonly [column: string]: unknown;
  readonly held: number;
  readonly rate_per_second: number | null;
  readonly header_names: string[] | null;
  readonly public_keys: PublicKey[];
}

/** What looking at one endpoint costs a look at its deliveries. */
export interface EndpointHealth {
  readonly [column: string]: unknown;
  readonly oldest_waiting_at: Date | null;
  readonly measured: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

/** Enough for a 99th percentile that ten slow ones move, and at most a thousand rows of an index to read. */
const MEASURED_MAX = 1000;
const MEASURED_HOURS = 24;

/** Keys that were replaced and whose grace is over are left out. */
const PUBLIC_KEYS = `coalesce((SELECT jsonb_agg(k.value) FROM jsonb_array_elements(e.public_keys) k
      WHERE coalesce((k.value ->> 'expires_at')::timestamptz > tranche_now(), true)), '[]')`;

/** One more than is counted tells whether there are more. */
const VIEW = `
  SELECT e.id, e.url, e.format, e.registered, e.from_bulk, e.event_types, e.description, e.status, e.reason, e.since, e.failure_streak, e.paused_until,
    e.last_success_at, e.created_at, e.updated_at, e.rate_per_second, e.header_names, ${PUBLIC_KEYS} AS public_keys,
    CASE WHEN e.status = 'disabled' THEN (SELECT count(*)::integer FROM (${HELD_OF_LANE} LIMIT ${COUNTED_MAX + 1}) h) ELSE 0 END AS held
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

  /**
   * How an endpoint fares: of what was delivered at the first sending, not of what somebody had sent again. The oldest is looked
   * for among what is open of the lane: the first of what was never put off is the first that is due. The figures come from one range
   * of webhook_delivery_latest.
   */
  async health(tx: Tx, id: string): Promise<EndpointHealth> {
    const health = await tx.one<EndpointHealth>(
      `WITH lane AS (SELECT coalesce(backlog_from, '-infinity') AS backlog_from FROM webhook_endpoint WHERE id = $1)
       SELECT least(
           (SELECT d.queued_at FROM lane JOIN webhook_delivery d ON d.due_at >= lane.backlog_from AND d.queued_at >= lane.backlog_from
            WHERE d.endpoint_id = $1 AND d.state IN ('waiting', 'in_flight') ORDER BY d.due_at LIMIT 1),
           (SELECT d.queued_at FROM lane JOIN webhook_delivery d ON d.queued_at >= lane.backlog_from
            WHERE d.endpoint_id = $1 AND d.state = 'waiting' AND d.due_at > d.queued_at ORDER BY d.queued_at LIMIT 1),
           (SELECT min(queued_at) FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'in_flight')) AS oldest_waiting_at,
         count(*)::integer AS measured,
         round(percentile_cont(0.5) WITHIN GROUP (ORDER BY latest.took_ms))::integer AS p50_ms,
         round(percentile_cont(0.99) WITHIN GROUP (ORDER BY latest.took_ms))::integer AS p99_ms
       FROM (SELECT extract(epoch FROM delivered_at - created_at)::double precision * 1000 AS took_ms FROM webhook_delivery
             WHERE endpoint_id = $1 AND state = 'delivered' AND attempts_before = 0
               AND delivered_at > tranche_now() - ${MEASURED_HOURS} * interval '1 hour'
             ORDER BY delivered_at DESC LIMIT ${MEASURED_MAX}) latest`,
      [id],
    );
    if (health === null) throw new Error('an aggregate gave no row');
    return health;
  }

  /** The keys that `v1a` signatures of any merchant's endpoint can be made with now; none where there is no such endpoint. */
  async publicKeys(tx: Tx, id: string): Promise<PublicKey[]> {
    const row = await tx.one<{ public_keys: PublicKey[] }>(
      `SELECT ${PUBLIC_KEYS} AS public_keys FROM webhook_endpoint e WHERE e.id = $1 AND e.deleted_at IS NULL`,
      [id],
    );
    return row?.public_keys ?? [];
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
    format: endpoint.format,
    event_types: endpoint.event_types,
    description: endpoint.description,
    status: endpoint.status,
    reason: endpoint.reason,
    since: formatInstant(endpoint.since),
    held: Math.min(endpoint.held, COUNTED_MAX),
    held_has_more: endpoint.held > COUNTED_MAX,
    rate_per_second: endpoint.rate_per_second,
    header_names: endpoint.header_names ?? [],
    asymmetric: endpoint.public_keys.some(({ expires_at }) => expires_at === null),
    public_keys: endpoint.public_keys,
    registered: endpoint.registered,
    named_by_bulk: endpoint.from_bulk,
    failure_streak: endpoint.failure_streak,
    paused_until: instant(endpoint.paused_until),
    last_success_at: instant(endpoint.last_success_at),
    created_at: formatInstant(endpoint.created_at),
    updated_at: formatInstant(endpoint.updated_at),
  }) satisfies EndpointDto;

export const toEndpointWithHealth = (endpoint: EndpointView, health: EndpointHealth) =>
  ({
    ...toEndpointResponse(endpoint),
    oldest_waiting_at: instant(health.oldest_waiting_at),
    latency: { deliveries: health.measured, p50_ms: health.p50_ms, p99_ms: health.p99_ms },
  }) satisfies EndpointWithHealthDto;
