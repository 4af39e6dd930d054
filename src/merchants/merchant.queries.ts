import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import type { ApiKey } from './api-key.entity.js';
import type { Merchant } from './merchant.entity.js';

export type ShownMerchant = Omit<Merchant, 'webhook_secrets'>;
export type ShownApiKey = Omit<ApiKey, 'secret_hash'>;

type Row<Shown> = Shown & Record<string, unknown>;

const MERCHANT_COLUMNS =
  'id, name, timezone, connector_id, limits, paused_at, pause_reason, resumed_at, resume_reason, created_at, updated_at';
const API_KEY_COLUMNS = 'id, merchant_id, name, scopes, expires_at, revoked_at, last_used_at, created_at';

const merchants = new KeysetList<Row<ShownMerchant>>({
  kind: 'merchant',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM merchant WHERE id = $1',
  values: 0,
  select: (condition) => `SELECT ${MERCHANT_COLUMNS} FROM merchant WHERE ${condition}`,
});

const keysOfMerchant = new KeysetList<Row<ShownApiKey>>({
  kind: 'key',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM api_key WHERE id = $1 AND merchant_id = $2',
  values: 1,
  select: (condition) => `SELECT ${API_KEY_COLUMNS} FROM api_key WHERE merchant_id = $1 AND ${condition}`,
});

const keysOfOperators = new KeysetList<Row<ShownApiKey>>({
  kind: 'key',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM api_key WHERE id = $1 AND merchant_id IS NULL',
  values: 0,
  select: (condition) => `SELECT ${API_KEY_COLUMNS} FROM api_key WHERE merchant_id IS NULL AND ${condition}`,
});

/** Lists for the operator's screens, newest first, without secrets and hashes. */
@Injectable()
export class MerchantQueries {
  find(tx: Tx, id: string): Promise<ShownMerchant | null> {
    return tx.one<Row<ShownMerchant>>(`SELECT ${MERCHANT_COLUMNS} FROM merchant WHERE id = $1`, [id]);
  }

  /** @throws `invalid_cursor` */
  list(tx: Tx, page: PageQuery): Promise<KeysetPage<ShownMerchant>> {
    return merchants.read(tx, page, { values: [], cursorValues: [] });
  }

  /** Revoked and expired ones too. @throws `invalid_cursor` */
  keysOf(tx: Tx, merchantId: string, page: PageQuery): Promise<KeysetPage<ShownApiKey>> {
    return keysOfMerchant.read(tx, page, { values: [merchantId], cursorValues: [merchantId] });
  }

  /** Revoked and expired ones too. @throws `invalid_cursor` */
  operatorKeys(tx: Tx, page: PageQuery): Promise<KeysetPage<ShownApiKey>> {
    return keysOfOperators.read(tx, page, { values: [], cursorValues: [] });
  }
}
