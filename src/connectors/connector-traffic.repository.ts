import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { breakerAfter, type BreakerChange, type SendTally } from './connector-breaker.js';

/** One group of sends and what the provider wished. */
export interface SendRecord extends SendTally {
  /** The longest wish to be left alone (Retry-After), in milliseconds; null: none. */
  readonly busy_ms: number | null;
}

/** A wish of a provider stops the whole connector, so no single answer may do so for longer than this: then it is asked again. */
const BUSY_MAX_MS = 5 * 60_000;

interface BreakerRow {
  readonly [column: string]: unknown;
  readonly fault_streak: number;
  readonly breaker_openings: number;
  readonly wait_over: boolean;
}

/** What the calls of all processes together say about a provider, kept in the connector's row so that each of them obeys it. */
@Injectable()
export class ConnectorTrafficRepository {
  /**
   * Call it once per group of sends, at the end of its transaction; it leaves the row alone in the ordinary case.
   * @returns null where nothing has changed.
   */
  async record(tx: Tx, id: string, { answered, faultsAtEnd, busy_ms }: SendRecord): Promise<BreakerChange | null> {
    const wish_ms = busy_ms === null ? null : Math.min(busy_ms, BUSY_MAX_MS);
    const row = await tx.one<BreakerRow>(
      `SELECT fault_streak, breaker_openings, coalesce(breaker_until <= tranche_now(), false) AS wait_over FROM connector
       WHERE id = $1 AND ($3::integer > 0 OR $4::double precision IS NOT NULL
         OR ($2::integer > 0 AND (fault_streak > 0 OR breaker_openings > 0)))
       FOR NO KEY UPDATE`,
      [id, answered, faultsAtEnd, wish_ms],
    );
    if (row === null) return null;
    const state = { faultStreak: row.fault_streak, openings: row.breaker_openings, waitOver: row.wait_over };
    const change = breakerAfter(state, { answered, faultsAtEnd });
    await tx.query(
      `UPDATE connector SET fault_streak = $2, breaker_openings = $3,
         breaker_opened_at = CASE WHEN $3 = 0 THEN NULL ELSE coalesce(breaker_opened_at, tranche_now()) END,
         breaker_until = CASE WHEN $3 = 0 THEN NULL
           ELSE coalesce(tranche_now() + $4::double precision * interval '1 millisecond', breaker_until) END,
         probe_until = CASE WHEN $3 = 0 OR $4 IS NOT NULL THEN NULL ELSE probe_until END,
         busy_until = greatest(busy_until, tranche_now() + $5::double precision * interval '1 millisecond')
       WHERE id = $1`,
      [id, change.faultStreak, change.openings, change.open_ms, wish_ms],
    );
    return change;
  }

  /**
   * Takes the one probe of an open breaker whose wait is over. It is another's again after `hold_ms`, should this process die
   * with it. @returns whether this caller has it.
   */
  async takeProbe(tx: Tx, id: string, hold_ms: number): Promise<boolean> {
    const taken = await tx.one(
      `UPDATE connector SET probe_until = tranche_now() + $2 * interval '1 millisecond'
       WHERE id = $1 AND breaker_until <= tranche_now() AND (probe_until IS NULL OR probe_until <= tranche_now()) RETURNING id`,
      [id, hold_ms],
    );
    return taken !== null;
  }

  /** There was nothing to probe with: the next payout that comes due may. */
  async releaseProbe(tx: Tx, id: string): Promise<void> {
    await tx.query('UPDATE connector SET probe_until = NULL WHERE id = $1', [id]);
  }
}
