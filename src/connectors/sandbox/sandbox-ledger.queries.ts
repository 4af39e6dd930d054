import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../../platform/http/index.js';
import type { ProviderStatus } from '../connector.js';
import { stateAt, type FateName } from './sandbox.fates.js';

/** One payment of the sandbox, as the operator sees it. */
export interface LedgerEntry {
  readonly id: string;
  readonly idempotency_key: string;
  readonly intent_id: string;
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly status: ProviderStatus;
  readonly created_at: Date;
}

interface Row extends Omit<LedgerEntry, 'status'> {
  readonly [column: string]: unknown;
  readonly fate: FateName;
  readonly age_ms: number;
}

const ledger = new KeysetList<Row>({
  kind: 'uuid',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM sandbox_payment WHERE id = $1 AND connector_id = $2',
  values: 1,
  select: (condition) =>
    `SELECT id, idempotency_key, intent_id, reference, amount, currency, created_at, fate,
       (extract(epoch FROM tranche_now() - created_at) * 1000)::float8 AS age_ms
     FROM sandbox_payment WHERE connector_id = $1 AND ${condition}`,
});

/** What a sandbox connector has paid, newest first; append-only, and without what it refused. */
@Injectable()
export class SandboxLedgerQueries {
  /** @throws `invalid_cursor` */
  async list(tx: Tx, connectorId: string, page: PageQuery): Promise<KeysetPage<LedgerEntry>> {
    const { rows, hasMore } = await ledger.read(tx, page, { values: [connectorId], cursorValues: [connectorId] });
    return { rows: rows.map(toEntry), hasMore };
  }
}

const toEntry = ({
  id,
  idempotency_key,
  intent_id,
  reference,
  amount,
  currency,
  created_at,
  fate,
  age_ms,
}: Row): LedgerEntry => ({
  id,
  idempotency_key,
  intent_id,
  reference,
  amount,
  currency,
  status: stateAt(fate, age_ms).status,
  created_at,
});
