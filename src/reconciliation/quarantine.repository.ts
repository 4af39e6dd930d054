import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';

export interface QuarantineState {
  /** As PostgreSQL writes it: the quarantine that is lifted is the one that was looked at. */
  readonly since: string;
  readonly since_at: Date;
  readonly age_ms: number;
  readonly detail: string | null;
}

export interface UnsentPayout {
  readonly id: string;
  readonly merchant_id: string;
  readonly attempt_no: number;
  /** Since its date: no send of it is older. */
  readonly age_ms: number;
}

/** Whether anything may be sent, for every process; every claim asks it in its own statement. */
@Injectable()
export class QuarantineRepository {
  /** Begins anew where it is on already: whoever asks for it has restored the database again. */
  async enter(tx: Tx): Promise<void> {
    await tx.query('UPDATE engine SET quarantined_at = tranche_now(), quarantine_detail = NULL');
  }

  find(tx: Tx): Promise<QuarantineState | null> {
    return tx.one<QuarantineState & Record<string, unknown>>(
      `SELECT quarantined_at::text AS since, quarantined_at AS since_at, quarantine_detail AS detail,
         extract(epoch FROM tranche_now() - quarantined_at)::double precision * 1000 AS age_ms
       FROM engine WHERE quarantined_at IS NOT NULL`,
    );
  }

  async note(tx: Tx, detail: string): Promise<void> {
    await tx.query('UPDATE engine SET quarantine_detail = $1 WHERE quarantined_at IS NOT NULL', [detail]);
  }

  /** @returns false where another quarantine has begun since, or none is on. */
  async lift(tx: Tx, since: string): Promise<boolean> {
    const lifted = await tx.one(
      `UPDATE engine SET quarantined_at = NULL, quarantine_detail = NULL WHERE quarantined_at = $1::timestamptz RETURNING one`,
      [since],
    );
    return lifted !== null;
  }

  /** Payouts from before the quarantine that have no verdict yet: their attempts may be among those that were lost. */
  async unjudged(tx: Tx, since: string): Promise<number> {
    const row = await tx.one<{ unjudged: number }>(
      `SELECT count(*)::integer AS unjudged FROM payout
       WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS') AND created_at < $1::timestamptz`,
      [since],
    );
    return row?.unjudged ?? 0;
  }

  /**
   * From where on the provider's list has to be compared: everything that its memory of keys covers, and everything since the
   * last send that we know of, for what was lost came after it.
   */
  async compareFrom(tx: Tx, connectorId: string, keyRetention_ms: number): Promise<Date> {
    const row = await tx.one<{ from: Date }>(
      `SELECT greatest('epoch', least(tranche_now() - $2::double precision * interval '1 millisecond',
         coalesce((SELECT max(last_send_at) FROM attempt WHERE connector_id = $1), 'epoch') - interval '1 hour')) AS from`,
      [connectorId, keyRetention_ms],
    );
    return row?.from ?? new Date(0);
  }

  /** Payouts that could have been sent before, in the order of their ids, from this one on. */
  dueAfter(tx: Tx, connectorId: string, { after, limit }: { after: string; limit: number }): Promise<UnsentPayout[]> {
    return tx.query<UnsentPayout & Record<string, unknown>>(
      `SELECT id, merchant_id, attempt_no, extract(epoch FROM tranche_now() - scheduled_at)::double precision * 1000 AS age_ms FROM payout
       WHERE connector_id = $1 AND status = 'SCHEDULED' AND scheduled_at <= tranche_now() AND id > $2 ORDER BY id LIMIT $3`,
      [connectorId, after, limit],
    );
  }
}
