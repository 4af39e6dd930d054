import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../../platform/http/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { formatInstant } from '../../platform/time/index.js';
import { isRare, TYPE_IS_RARE } from '../events/rare-types.js';
import type { DeliveryAttemptDto, DeliveryDto, DeliveryWithAttemptsDto } from './delivery-response.dto.js';
import { type DeliveryStatus, STATUS_OF_DELIVERY } from './delivery-status.js';

export interface DeliveryView {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly sequence: number;
  readonly url: string;
  readonly bulk_id: string | null;
  readonly payout_id: string | null;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Null where nothing will be attempted. */
  readonly next_attempt_at: Date | null;
  readonly delivered_at: Date | null;
  readonly created_at: Date;
}

export interface AttemptView {
  readonly [column: string]: unknown;
  readonly number: number;
  readonly started_at: Date;
  readonly duration_ms: number;
  readonly http_status: number | null;
  readonly error_class: string | null;
  readonly address: string | null;
  readonly snippet: string | null;
  readonly next_attempt_at: Date | null;
}

export interface DeliveryFilter {
  readonly merchantId: string;
  /** Uuids; null: any. */
  readonly endpointId: string | null;
  readonly bulkId: string | null;
  readonly payoutId: string | null;
  readonly status: string | null;
  readonly type: string | null;
  readonly resendId: string | null;
  readonly createdAfter: Date | null;
  readonly createdBefore: Date | null;
}

/** A paused lane sends nothing before its pause ends, and then one delivery first. */
const viewOf = (deliveries: string) => `
  SELECT d.id, d.endpoint_id, d.event_id, v.type, d.sequence, e.url, d.bulk_id, d.payout_id, d.attempts, d.delivered_at, d.created_at,
    ${STATUS_OF_DELIVERY} AS status,
    CASE ${STATUS_OF_DELIVERY} WHEN 'waiting' THEN greatest(d.due_at, e.paused_until) END AS next_attempt_at
  FROM ${deliveries} d JOIN event v ON v.id = d.event_id JOIN webhook_endpoint e ON e.id = d.endpoint_id
  WHERE d.merchant_id = $1`;

const VIEW = viewOf('webhook_delivery');

const newestFirst = (scope = '', deliveries = 'webhook_delivery') =>
  new KeysetList<DeliveryView>({
    kind: 'delivery',
    key: 'd.id',
    type: 'uuid',
    order: 'descending',
    cursor: `SELECT id AS key FROM webhook_delivery WHERE id = $1 AND merchant_id = $2`,
    values: 9,
    select: (condition) => `${viewOf(deliveries)} ${scope}
    AND ($2::uuid IS NULL OR d.endpoint_id = $2) AND ($3::uuid IS NULL OR d.bulk_id = $3) AND ($4::uuid IS NULL OR d.payout_id = $4)
    AND ($5::text IS NULL OR ${STATUS_OF_DELIVERY} = $5) AND ($6::text IS NULL OR v.type = $6) AND ($7::uuid IS NULL OR d.resend_id = $7)
    AND ($8::timestamptz IS NULL OR d.created_at > $8) AND ($9::timestamptz IS NULL OR d.created_at < $9) AND ${condition}`,
  });

/**
 * One constant text per scope: a bulk or payout has some thousand events, which the indexes of its events and
 * `webhook_delivery_once` find. By their order alone, all that the merchant ever got would be read to find the few.
 */
const OF_MERCHANT = newestFirst();
const OF_BULK = newestFirst('AND d.event_id = ANY (ARRAY (SELECT id FROM event WHERE bulk_id = $3 AND merchant_id = $1))');
const OF_PAYOUT = newestFirst('AND d.event_id = ANY (ARRAY (SELECT id FROM event WHERE subject_id = $4 AND merchant_id = $1))');
/** By webhook_delivery_undelivered, event_of_rare_type or webhook_delivery_due: what is rare among the many that were delivered. */
const OF_UNDELIVERED = newestFirst(`AND d.state = $5 AND d.state IN ('exhausted', 'expired')`);
/** With what an endpoint has just dropped: its rows are closed in slices, and read from few lanes until then. */
const OF_SKIPPED = newestFirst(
  '',
  `(SELECT * FROM webhook_delivery WHERE merchant_id = $1 AND state = 'skipped'
    UNION ALL
    SELECT w.* FROM webhook_endpoint l JOIN webhook_delivery w ON w.endpoint_id = l.id AND w.state = 'waiting' AND w.queued_at < l.backlog_from
    WHERE l.merchant_id = $1 AND l.backlog_from IS NOT NULL)`,
);
const OF_RARE_TYPE = newestFirst(
  `AND d.event_id = ANY (ARRAY (SELECT id FROM event WHERE merchant_id = $1 AND type = $6 AND ${TYPE_IS_RARE}))`,
);
/** Reads back no further than to the oldest that is open, and nothing where none is. */
const OF_OPEN = newestFirst(`AND d.state IN ('waiting', 'in_flight') AND d.id >= (
      SELECT o.id FROM webhook_delivery o WHERE o.endpoint_id = ANY (ARRAY (SELECT id FROM webhook_endpoint WHERE merchant_id = $1))
        AND o.state IN ('waiting', 'in_flight') ORDER BY o.id LIMIT 1)`);

/** A merchant's deliveries and their attempts. */
@Injectable()
export class DeliveryQueries {
  find(tx: Tx, merchantId: string, id: string): Promise<DeliveryView | null> {
    return tx.one<DeliveryView>(`${VIEW} AND d.id = $2`, [merchantId, id]);
  }

  attempts(tx: Tx, deliveryId: string): Promise<AttemptView[]> {
    return tx.query<AttemptView>(
      `SELECT number, started_at, duration_ms, http_status, error_class, address, snippet, next_attempt_at
       FROM webhook_attempt WHERE delivery_id = $1 ORDER BY number`,
      [deliveryId],
    );
  }

  /** Newest first. @throws `invalid_cursor` */
  list(tx: Tx, filter: DeliveryFilter, page: PageQuery): Promise<KeysetPage<DeliveryView>> {
    const { merchantId, endpointId, bulkId, payoutId, status, type, resendId, createdAfter, createdBefore } = filter;
    return listOf(filter).read(tx, page, {
      values: [merchantId, endpointId, bulkId, payoutId, status, type, resendId, createdAfter, createdBefore],
      cursorValues: [merchantId],
    });
  }
}

const listOf = ({ bulkId, payoutId, status, type }: DeliveryFilter): KeysetList<DeliveryView> => {
  if (payoutId !== null) return OF_PAYOUT;
  if (bulkId !== null) return OF_BULK;
  if (isRare(type)) return OF_RARE_TYPE;
  if (status === null || status === 'delivered') return OF_MERCHANT;
  if (status === 'skipped') return OF_SKIPPED;
  return status === 'waiting' || status === 'held' || status === 'in_flight' ? OF_OPEN : OF_UNDELIVERED;
};

const instant = (at: Date | null): string | null => (at === null ? null : formatInstant(at));

export const toDeliveryResponse = (delivery: DeliveryView) =>
  ({
    id: toTypeId('delivery', delivery.id),
    object: 'webhook_delivery',
    endpoint_id: toTypeId('endpoint', delivery.endpoint_id),
    url: delivery.url,
    event_id: toTypeId('event', delivery.event_id),
    event_type: delivery.type,
    sequence: delivery.sequence,
    bulk_id: delivery.bulk_id === null ? null : toTypeId('bulk', delivery.bulk_id),
    payout_id: delivery.payout_id === null ? null : toTypeId('payout', delivery.payout_id),
    status: delivery.status,
    attempt_count: delivery.attempts,
    next_attempt_at: instant(delivery.next_attempt_at),
    delivered_at: instant(delivery.delivered_at),
    created_at: formatInstant(delivery.created_at),
  }) satisfies DeliveryDto;

export const toDeliveryWithAttempts = (delivery: DeliveryView, attempts: readonly AttemptView[]): DeliveryWithAttemptsDto => ({
  ...toDeliveryResponse(delivery),
  attempts: attempts.map(toAttemptResponse),
});

const toAttemptResponse = (attempt: AttemptView): DeliveryAttemptDto => ({
  number: attempt.number,
  started_at: formatInstant(attempt.started_at),
  duration_ms: attempt.duration_ms,
  http_status: attempt.http_status,
  error_class: attempt.error_class,
  address: attempt.address,
  snippet: attempt.snippet,
  next_attempt_at: instant(attempt.next_attempt_at),
});
