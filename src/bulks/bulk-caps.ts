import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import type { Problem } from '../platform/http/index.js';
import type { StoredLimits } from '../platform/money/index.js';
import { bulkProblem } from './bulk.problems.js';

/** Room comes when payouts come to rest: nobody knows when, and asking more often than this finds nothing new. */
const RETRY_AFTER_S = 60;

/** States in which something of a bulk is still to happen. */
const OPEN = `('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS', 'SCHEDULED', 'VALIDATION_FAILED', 'PROCESSING_IN_PROGRESS')`;

interface Use {
  readonly [column: string]: unknown;
  readonly open_bulks: number;
  readonly waiting_payouts: number;
}

/** How many bulks and payouts a merchant may have waiting, where the operator has set a limit. */
@Injectable()
export class BulkCaps {
  /**
   * Creations of one merchant that has such a limit come one after the other from here to their commit: so no two pass
   * the same gap. Whoever has none waits for nobody.
   * @throws `limit_reached`, `bulk_over_limit`
   */
  async refuseOver(tx: Tx, merchantId: string, itemCount: number): Promise<void> {
    const limits = await this.limitsOf(tx, merchantId);
    const { max_open_bulks: bulksMax, max_waiting_payouts: payoutsMax } = limits;
    if (bulksMax === undefined && payoutsMax === undefined) return;
    if (payoutsMax !== undefined && itemCount > payoutsMax) throw bulkOverLimit(payoutsMax, itemCount);
    // A statement of its own: the next one sees what was committed by whoever held the lock.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`caps of ${merchantId}`]);
    const used = await this.use(tx, merchantId);
    if (bulksMax !== undefined && used.open_bulks + 1 > bulksMax) {
      throw limitReached({ limit: 'max_open_bulks', max: bulksMax, used: used.open_bulks, requested: 1 });
    }
    if (payoutsMax !== undefined && used.waiting_payouts + itemCount > payoutsMax) {
      throw limitReached({ limit: 'max_waiting_payouts', max: payoutsMax, used: used.waiting_payouts, requested: itemCount });
    }
  }

  private async limitsOf(tx: Tx, merchantId: string): Promise<StoredLimits> {
    const row = await tx.one<{ limits: StoredLimits }>('SELECT limits FROM merchant WHERE id = $1', [merchantId]);
    return row?.limits ?? {};
  }

  /** By the index bulk_progress_by_status: as many rows as the merchant has open bulks. */
  private async use(tx: Tx, merchantId: string): Promise<Use> {
    const row = await tx.one<Use>(
      `SELECT count(*)::int AS open_bulks,
         coalesce(sum(validation_pending + validation_in_progress + scheduled + validation_failed), 0)::int AS waiting_payouts
       FROM bulk_progress WHERE merchant_id = $1 AND status IN ${OPEN}`,
      [merchantId],
    );
    return row ?? { open_bulks: 0, waiting_payouts: 0 };
  }
}

interface Reached {
  readonly limit: 'max_open_bulks' | 'max_waiting_payouts';
  readonly max: number;
  readonly used: number;
  readonly requested: number;
}

function limitReached(reached: Reached): Problem {
  const what = reached.limit === 'max_open_bulks' ? 'open bulks' : 'waiting payouts';
  return bulkProblem(
    'limit_reached',
    `You may have ${reached.max} ${what} and have ${reached.used}; this needs ${reached.requested} more. Send it again when some have ` +
      'come to rest, cancel what is not needed, or ask the operator for a higher limit.',
    { members: { ...reached }, headers: { 'Retry-After': String(RETRY_AFTER_S) } },
  );
}

const bulkOverLimit = (max: number, requested: number): Problem =>
  bulkProblem(
    'bulk_over_limit',
    `You may have ${max} waiting payouts, and this bulk alone has ${requested}. Split it, or ask the operator for a higher limit.`,
    { members: { limit: 'max_waiting_payouts', max, requested } },
  );
