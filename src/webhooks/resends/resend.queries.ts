import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../../platform/http/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { formatInstant } from '../../platform/time/index.js';
import { STATUS_OF_DELIVERY } from '../deliveries/delivery-status.js';
import type { ResendDto, ResendWithCountsDto } from './resend-response.dto.js';
import type { ResendState } from './resend.lifecycle.js';

export interface ResendView {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly endpoint_id: string | null;
  readonly bulk_id: string | null;
  readonly event_type: string | null;
  readonly delivery_state: string | null;
  readonly created_after: Date | null;
  readonly created_before: Date | null;
  readonly state: ResendState;
  readonly matched: number;
  readonly released: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

const VIEW = `
  SELECT id, endpoint_id, bulk_id, event_type, delivery_state, created_after, created_before, state, matched, released, created_at, finished_at
  FROM webhook_resend WHERE merchant_id = $1`;

const newestFirst = new KeysetList<ResendView>({
  kind: 'resend',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM webhook_resend WHERE id = $1 AND merchant_id = $2`,
  values: 1,
  select: (condition) => `${VIEW} AND ${condition}`,
});

/** A merchant's resends. */
@Injectable()
export class ResendQueries {
  find(tx: Tx, merchantId: string, id: string): Promise<ResendView | null> {
    return tx.one<ResendView>(`${VIEW} AND id = $2`, [merchantId, id]);
  }

  /** How the deliveries stand that the resend was the last to send again, by webhook_delivery_resent. */
  async counts(tx: Tx, id: string): Promise<Record<string, number>> {
    const rows = await tx.query<{ status: string; count: number }>(
      `SELECT ${STATUS_OF_DELIVERY} AS status, count(*)::integer AS count
       FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id WHERE d.resend_id = $1 GROUP BY 1 ORDER BY 1`,
      [id],
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  }

  /** Newest first. @throws `invalid_cursor` */
  list(tx: Tx, merchantId: string, page: PageQuery): Promise<KeysetPage<ResendView>> {
    return newestFirst.read(tx, page, { values: [merchantId], cursorValues: [merchantId] });
  }
}

const instant = (at: Date | null): string | null => (at === null ? null : formatInstant(at));

export const toResendResponse = (resend: ResendView) =>
  ({
    id: toTypeId('resend', resend.id),
    object: 'webhook_resend',
    status: resend.state,
    endpoint_id: resend.endpoint_id === null ? null : toTypeId('endpoint', resend.endpoint_id),
    bulk_id: resend.bulk_id === null ? null : toTypeId('bulk', resend.bulk_id),
    event_type: resend.event_type,
    delivery_status: resend.delivery_state,
    created_after: instant(resend.created_after),
    created_before: instant(resend.created_before),
    matched: resend.matched,
    released: resend.released,
    created_at: formatInstant(resend.created_at),
    finished_at: instant(resend.finished_at),
  }) satisfies ResendDto;

export const toResendWithCounts = (resend: ResendView, counts: Readonly<Record<string, number>>) =>
  ({ ...toResendResponse(resend), counts: { ...counts } }) satisfies ResendWithCountsDto;
