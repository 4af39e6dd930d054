import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import type { StoredLimits } from '../platform/money/index.js';
import type { Merchant } from './merchant.entity.js';

/** What an operator writes of a merchant. */
export interface MerchantSettings {
  readonly name: string;
  readonly timezone: string | null;
  readonly connector_id: string | null;
  readonly limits: StoredLimits;
}

/** With the instant of the transaction on the database's clock. */
export type LockedMerchant = Merchant & { readonly now: Date };

type MerchantRow = Merchant & Record<string, unknown>;

const COLUMNS =
  'id, name, timezone, connector_id, limits, webhook_secrets, paused_at, pause_reason, resumed_at, resume_reason, created_at, updated_at';

/** All writes of merchants, and the reads that come before them. */
@Injectable()
export class MerchantRepository {
  async insert(
    tx: Tx,
    merchant: MerchantSettings & { readonly id: string; readonly webhook_secrets: Buffer },
  ): Promise<Merchant> {
    const { id, name, timezone, connector_id, limits, webhook_secrets } = merchant;
    const [row] = await tx.query<MerchantRow>(
      `INSERT INTO merchant (id, name, timezone, connector_id, limits, webhook_secrets) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
      [id, name, timezone, connector_id, JSON.stringify(limits), webhook_secrets],
    );
    if (row === undefined) throw new Error('an INSERT of one row returned none');
    return row;
  }

  find(tx: Tx, id: string): Promise<Merchant | null> {
    return tx.one<MerchantRow>(`SELECT ${COLUMNS} FROM merchant WHERE id = $1`, [id]);
  }

  /** NO KEY UPDATE: the merchant's bulks are created beside it, whose foreign key takes only a key share of this row. */
  lock(tx: Tx, id: string): Promise<LockedMerchant | null> {
    return tx.one<LockedMerchant & MerchantRow>(
      `SELECT ${COLUMNS}, tranche_now() AS now FROM merchant WHERE id = $1 FOR NO KEY UPDATE`,
      [id],
    );
  }

  async someExists(tx: Tx): Promise<boolean> {
    return (await tx.one('SELECT FROM merchant LIMIT 1')) !== null;
  }

  write(tx: Tx, id: string, { name, timezone, connector_id, limits }: MerchantSettings): Promise<Merchant | null> {
    return tx.one<MerchantRow>(
      `UPDATE merchant SET name = $2, timezone = $3, connector_id = $4, limits = $5, updated_at = tranche_now() WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name, timezone, connector_id, JSON.stringify(limits)],
    );
  }

  async writeWebhookSecrets(tx: Tx, id: string, sealed: Buffer): Promise<void> {
    await tx.query('UPDATE merchant SET webhook_secrets = $2, updated_at = tranche_now() WHERE id = $1', [id, sealed]);
  }

  /** Pausing what is paused keeps its beginning and takes the newer reason. */
  pause(tx: Tx, id: string, reason: string): Promise<Merchant | null> {
    return tx.one<MerchantRow>(
      `UPDATE merchant SET paused_at = coalesce(paused_at, tranche_now()), pause_reason = $2, updated_at = tranche_now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, reason],
    );
  }

  resume(tx: Tx, id: string, reason: string | null): Promise<Merchant | null> {
    return tx.one<MerchantRow>(
      `UPDATE merchant SET paused_at = NULL, pause_reason = NULL, resumed_at = tranche_now(), resume_reason = $2, updated_at = tranche_now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, reason],
    );
  }
}
