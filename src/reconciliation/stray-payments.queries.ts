import { Injectable } from '@nestjs/common';
import type { StrayPayment } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { StrayPaymentDto } from './dto/stray-payment.dto.js';

export interface StrayPaymentView extends StrayPayment {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly connector_id: string;
  readonly merchant_id: string | null;
  readonly reference: string | null;
  readonly found_at: Date;
  readonly acknowledged_at: Date | null;
  readonly acknowledge_reason: string | null;
}

export interface StrayPaymentFilter {
  readonly connectorId: string | null;
  /** Null: both. */
  readonly acknowledged: boolean | null;
}

const SELECT = `SELECT s.*, p.merchant_id, p.reference FROM stray_payment s LEFT JOIN payout p ON p.id = s.payout_id`;

const newestFirst = new KeysetList<StrayPaymentView>({
  kind: 'stray',
  key: 's.id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM stray_payment WHERE id = $1`,
  values: 2,
  select: (condition) => `${SELECT}
    WHERE ($1::uuid IS NULL OR s.connector_id = $1) AND ($2::boolean IS NULL OR (s.acknowledged_at IS NOT NULL) = $2) AND ${condition}`,
});

/** What was found in the books of providers that contradicts ours, over all merchants. */
@Injectable()
export class StrayPaymentQueries {
  list(tx: Tx, { connectorId, acknowledged }: StrayPaymentFilter, page: PageQuery): Promise<KeysetPage<StrayPaymentView>> {
    return newestFirst.read(tx, page, { values: [connectorId, acknowledged], cursorValues: [] });
  }

  find(tx: Tx, id: string): Promise<StrayPaymentView | null> {
    return tx.one<StrayPaymentView>(`${SELECT} WHERE s.id = $1`, [id]);
  }
}

export const toStrayPaymentResponse = (stray: StrayPaymentView): StrayPaymentDto => ({
  id: toTypeId('stray', stray.id),
  object: 'stray_payment',
  connector: toTypeId('connector', stray.connector_id),
  provider_reference: stray.provider_reference,
  kind: stray.kind,
  detail: stray.detail,
  merchant_id: stray.merchant_id === null ? null : toTypeId('merchant', stray.merchant_id),
  payout_id: stray.payout_id === null ? null : toTypeId('payout', stray.payout_id),
  reference: stray.reference,
  found_at: formatInstant(stray.found_at),
  acknowledged_at: stray.acknowledged_at === null ? null : formatInstant(stray.acknowledged_at),
  acknowledge_reason: stray.acknowledge_reason,
});
