import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
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

export interface LedgerPage {
  readonly limit: number;
  /** Ids of entries: the page after this one (older), or the page before it (newer). At most one is set. */
  readonly startingAfter: string | null;
  readonly endingBefore: string | null;
}

interface Row extends Omit<LedgerEntry, 'status'> {
  readonly [column: string]: unknown;
  readonly fate: FateName;
  readonly age_ms: number;
}

const SELECT_ENTRY = `SELECT id, idempotency_key, intent_id, reference, amount, currency, created_at, fate,
  (extract(epoch FROM tranche_now() - created_at) * 1000)::float8 AS age_ms FROM sandbox_payment`;

/** What a sandbox connector has paid, newest first; append-only, and without what it refused. */
@Injectable()
export class SandboxLedgerQueries {
  /** @returns null where the cursor names no entry of this connector. */
  async list(tx: Tx, connectorId: string, page: LedgerPage): Promise<{ entries: LedgerEntry[]; hasMore: boolean } | null> {
    const cursor = page.startingAfter ?? page.endingBefore;
    if (cursor !== null && (await this.isUnknown(tx, connectorId, cursor))) return null;
    const newer = page.startingAfter === null && page.endingBefore !== null;
    // One more than asked for tells whether there is more.
    const rows = newer
      ? await tx.query<Row>(`${SELECT_ENTRY} WHERE connector_id = $1 AND id > $2 ORDER BY id LIMIT $3`, [
          connectorId,
          cursor,
          page.limit + 1,
        ])
      : await tx.query<Row>(
          `${SELECT_ENTRY} WHERE connector_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
          [connectorId, cursor, page.limit + 1],
        );
    const entries = rows.slice(0, page.limit).map(toEntry);
    return { entries: newer ? entries.reverse() : entries, hasMore: rows.length > page.limit };
  }

  private async isUnknown(tx: Tx, connectorId: string, id: string): Promise<boolean> {
    return (await tx.one(`SELECT FROM sandbox_payment WHERE connector_id = $1 AND id = $2`, [connectorId, id])) === null;
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
