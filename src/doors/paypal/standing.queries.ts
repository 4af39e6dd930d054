import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import type { Standing } from './transaction-status.js';

/** Where the payouts of a bulk stand, each way of standing once. */
@Injectable()
export class StandingQueries {
  of(tx: Tx, merchantId: string, bulkId: string): Promise<Standing[]> {
    return tx.query<Standing & Record<string, unknown>>(
      `SELECT DISTINCT p.status, i.status AS intent_status, coalesce(json_array_length(p.issues), 0) > 0 AS invalid
       FROM payout p
       LEFT JOIN payout_intent i ON i.payout_id = p.id AND p.status IN ('PROCESSING_IN_PROGRESS', 'PROCESSED', 'INTENT_CREATION_FAILED')
       WHERE p.merchant_id = $1 AND p.bulk_id = $2`,
      [merchantId, bulkId],
    );
  }
}
