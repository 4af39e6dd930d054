import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Transactions } from '../../platform/database/index.js';
import { Metrics } from '../../platform/observability/index.js';
import { COUNTED_MAX, HELD_OF_LANE } from './delivery-status.js';
import { OPEN_LANES } from './lane.repository.js';

/** A lane whose oldest due delivery has waited longer is one that somebody should look at, with less or more haste. */
const LATE_S = [60, 600, 3_600] as const;

interface Figures {
  readonly [column: string]: unknown;
  readonly active: number;
  readonly paused: number;
  readonly disabled: number;
  readonly held: number;
  readonly waiting: number;
  readonly oldest_s: number;
  /** One entry per lane that has something due. */
  readonly ages_s: readonly number[];
}

/** How the lanes stand, the same in every process. No lane has a label of its own: `GET /v1/webhook-endpoints/{id}` tells of one. */
@Injectable()
export class LaneFigures {
  private readonly lanes: Gauge<'status'>;
  private readonly late: Gauge<'over_s'>;
  private readonly held: Gauge;
  private readonly waiting: Gauge;
  private readonly oldest: Gauge;

  constructor(
    private readonly transactions: Transactions,
    { registry }: Metrics,
  ) {
    const registers = [registry];
    this.lanes = new Gauge({
      name: 'tranche_webhook_lanes',
      help: 'Webhook endpoints by status: active, paused by their breaker, disabled.',
      labelNames: ['status'] as const,
      registers,
    });
    this.late = new Gauge({
      name: 'tranche_webhook_lanes_late',
      help: 'Webhook endpoints whose oldest due delivery has waited for longer than so many seconds.',
      labelNames: ['over_s'] as const,
      registers,
    });
    this.held = new Gauge({
      name: 'tranche_webhook_deliveries_held',
      help: `Webhook deliveries that are kept for disabled endpoints, at most ${COUNTED_MAX} of each counted.`,
      registers,
    });
    this.waiting = new Gauge({
      name: 'tranche_webhook_deliveries_waiting',
      help: `Webhook deliveries that are due and not delivered, but what is held or was dropped, at most ${COUNTED_MAX} of each endpoint counted.`,
      registers,
    });
    this.oldest = new Gauge({
      name: 'tranche_webhook_deliveries_oldest_seconds',
      help: 'Age of the oldest of them, in seconds.',
      registers,
    });
  }

  async refresh(): Promise<void> {
    const figures = await this.transactions.asEngine((tx) => tx.one<Figures>(READ));
    if (figures === null) return;
    for (const status of ['active', 'paused', 'disabled'] as const) this.lanes.set({ status }, figures[status]);
    for (const over_s of LATE_S) this.late.set({ over_s }, figures.ages_s.filter((age_s) => age_s > over_s).length);
    this.held.set(figures.held);
    this.waiting.set(figures.waiting);
    this.oldest.set(figures.oldest_s);
  }
}

/** A few looks per lane, however much is held, dropped or due there. */
const READ = `WITH RECURSIVE ${OPEN_LANES},
  due AS (
    SELECT first.at, least(CASE WHEN first.at <= tranche_now() THEN first.queued_at END, put_off.queued_at) AS oldest, waiting.count
    FROM lane JOIN webhook_endpoint e ON e.id = lane.endpoint_id
    LEFT JOIN LATERAL (SELECT d.due_at AS at, d.queued_at FROM webhook_delivery d
      WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'in_flight') AND d.due_at >= coalesce(e.backlog_from, '-infinity')
        AND d.queued_at >= coalesce(e.backlog_from, '-infinity')
      ORDER BY d.due_at LIMIT 1) first ON true
    LEFT JOIN LATERAL (SELECT d.queued_at FROM webhook_delivery d
      WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at > d.queued_at AND d.due_at <= tranche_now()
        AND d.queued_at >= coalesce(e.backlog_from, '-infinity')
      ORDER BY d.queued_at LIMIT 1) put_off ON true
    CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT FROM webhook_delivery d
      WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at BETWEEN coalesce(e.backlog_from, '-infinity') AND tranche_now()
        AND d.queued_at >= coalesce(e.backlog_from, '-infinity') LIMIT ${COUNTED_MAX}) one) waiting
    WHERE e.status <> 'disabled' AND e.deleted_at IS NULL)
  SELECT s.*,
    (SELECT coalesce(sum(h.count), 0)::integer
     FROM lane JOIN webhook_endpoint e ON e.id = lane.endpoint_id AND e.status = 'disabled' AND e.deleted_at IS NULL
     CROSS JOIN LATERAL (SELECT count(*) FROM (${HELD_OF_LANE} LIMIT ${COUNTED_MAX}) one) h) AS held,
    (SELECT coalesce(array_agg(extract(epoch FROM tranche_now() - at)::double precision), '{}') FROM due WHERE at <= tranche_now()) AS ages_s,
    (SELECT coalesce(sum(count), 0)::integer FROM due) AS waiting,
    (SELECT coalesce(extract(epoch FROM tranche_now() - min(oldest)), 0)::double precision FROM due) AS oldest_s
  FROM (SELECT count(*) FILTER (WHERE status = 'active')::integer AS active, count(*) FILTER (WHERE status = 'paused')::integer AS paused,
          count(*) FILTER (WHERE status = 'disabled')::integer AS disabled
        FROM webhook_endpoint WHERE deleted_at IS NULL) s`;
