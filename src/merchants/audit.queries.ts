import { Injectable } from '@nestjs/common';
import { AUDIT_COLUMNS, type AuditRow, ENGINE_ID } from '../platform/audit/index.js';
import type { Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';

const entries = new KeysetList<AuditRow>({
  kind: 'audit',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM audit_entry WHERE id = $1 AND merchant_id = $2',
  values: 1,
  select: (condition) => `SELECT ${AUDIT_COLUMNS} FROM audit_entry WHERE merchant_id = $1 AND ${condition}`,
});

@Injectable()
export class AuditQueries {
  /** Newest first; null: what concerns no single merchant. @throws `invalid_cursor` */
  list(tx: Tx, merchantId: string | null, page: PageQuery): Promise<KeysetPage<AuditRow>> {
    const chain = merchantId ?? ENGINE_ID;
    return entries.read(tx, page, { values: [chain], cursorValues: [chain] });
  }
}
