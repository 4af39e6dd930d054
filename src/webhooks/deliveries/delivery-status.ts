import { statesOf, toSqlList } from '../../platform/lifecycle/index.js';
import { deliveryLifecycle } from './delivery.lifecycle.js';

/** What a delivery is shown as: its state, or what its lane makes of its waiting. */
export const DELIVERY_STATUSES = [...statesOf(deliveryLifecycle), 'held'] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What is not open any more: it goes again only when somebody asks for it. */
export const STATUSES_AT_REST = ['delivered', 'exhausted', 'skipped', 'expired'] as const satisfies readonly DeliveryStatus[];

/** The same in SQL. */
export const AT_REST = toSqlList(STATUSES_AT_REST);

/** Statuses in SQL, over rows `d` of webhook_delivery and `e` of their webhook_endpoint. What is dropped is so at once, however long the rows take. */
export const STATUS_OF_DELIVERY = `CASE WHEN d.state <> 'waiting' THEN d.state
    WHEN e.deleted_at IS NOT NULL OR d.queued_at < e.backlog_from THEN 'skipped' WHEN e.status = 'disabled' THEN 'held' ELSE 'waiting' END`;

/** Of one lane: more tell no more about it, and each look would take longer than the few milliseconds of these. */
export const COUNTED_MAX = 10_000;

/** What is held of a lane `e` that is disabled: what waits, and was not dropped before. To be counted up to `COUNTED_MAX`. */
export const HELD_OF_LANE = `SELECT FROM webhook_delivery d
    WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at >= coalesce(e.backlog_from, '-infinity')
      AND d.queued_at >= coalesce(e.backlog_from, '-infinity')`;
