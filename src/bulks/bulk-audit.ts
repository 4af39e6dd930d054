import { Injectable } from '@nestjs/common';
import { Transactions } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { COUNT_COLUMNS, summaryOf } from './bulk-progress.js';
import { PAYOUT_STATUSES } from './bulk-status.js';

/** Bulks looked at in one run: the newest, which are those that move. */
const BULKS_MAX = 500;

const COLUMNS = [...COUNT_COLUMNS, 'first_scheduled_at', 'last_scheduled_at'];

/**
 * Proves the stored copy: the counts, amounts and instants of a bulk equal the function of its payouts and intents. They are
 * written in one transaction, so a difference is a defect, whatever the load.
 */
@Injectable()
export class BulkAudit {
  constructor(private readonly transactions: Transactions) {}

  /** @returns a sentence for each difference; none is the only good answer. */
  async differences(): Promise<string[]> {
    const rows = await this.transactions.asEngine((tx) =>
      tx.query<{ bulk_id: string; stored: string; counted: string }>(
        `WITH recent AS (SELECT * FROM bulk_progress ORDER BY bulk_id DESC LIMIT ${BULKS_MAX}),
         counted AS (
           SELECT g.bulk_id, ${PAYOUT_STATUSES.map((status) => `count(*) FILTER (WHERE p.status = '${status}') AS ${status.toLowerCase()}`).join(', ')},
             count(*) FILTER (WHERE i.status = 'succeeded') AS outcome_succeeded,
             count(*) FILTER (WHERE i.status IN ('failed', 'rejected')) AS outcome_failed,
             count(*) FILTER (WHERE i.status IN ('created', 'pending', 'unknown', 'unclaimed', 'needs_review')) AS outcome_pending,
             count(*) FILTER (WHERE i.status = 'returned') AS outcome_returned
           FROM recent g JOIN payout p ON p.bulk_id = g.bulk_id LEFT JOIN payout_intent i
             ON i.payout_id = p.id AND p.status IN ('PROCESSING_IN_PROGRESS', 'PROCESSED', 'INTENT_CREATION_FAILED')
           GROUP BY g.bulk_id),
         compared AS (
           SELECT g.bulk_id, ROW(${COLUMNS.map((column) => `g.${column}`).join(', ')}, g.totals::text)::text AS stored,
             ROW(${COUNT_COLUMNS.map((column) => `c.${column}`).join(', ')}, s.first, s.last, s.totals::text)::text AS counted
           FROM recent g JOIN counted c USING (bulk_id)
           JOIN (${summaryOf('ARRAY (SELECT bulk_id FROM recent)')}) s USING (bulk_id))
         SELECT * FROM compared WHERE stored <> counted`,
      ),
    );
    return rows.map(
      ({ bulk_id, stored, counted }) =>
        `the summary of ${toTypeId('bulk', bulk_id)} is ${stored} and should be ${counted} (${[...COLUMNS, 'totals'].join(', ')})`,
    );
  }
}
