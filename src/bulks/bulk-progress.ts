import { Injectable } from '@nestjs/common';
import { anyOf, Records, type Tx } from '../platform/database/index.js';
import type { EventDraft } from '../webhooks/index.js';
import { bulkEvent, type BulkFacts } from './bulk-event.js';
import { milestonesReached, type Outcome, OUTCOMES, PAYOUT_STATUSES, type StatusCounts } from './bulk-status.js';
import type { PayoutStatus } from './payout.lifecycle.js';

/** What one payout's step means for its bulk. */
export interface BulkChange {
  readonly bulkId: string;
  readonly from: PayoutStatus;
  readonly to: PayoutStatus;
  readonly outcome: { readonly from: Outcome; readonly to: Outcome };
  readonly summaryChanged: boolean;
}

interface ProgressRow extends BulkFacts {
  readonly [column: string]: unknown;
}

interface ProgressWrite {
  readonly id: string;
  /** How many of its own it is about to tell. */
  readonly events: number;
  /** By how much each count changes. */
  readonly [count: string]: number | string;
}

/** Types of events that one bulk tells, in their order. */
interface Told {
  readonly id: string;
  readonly types: readonly string[];
}

interface Delta {
  readonly counts: Record<string, number>;
  summaryChanged: boolean;
}

/** The columns of `bulk_progress` that count payouts by status and intents by outcome. */
export const COUNT_COLUMNS = [
  ...PAYOUT_STATUSES.map((status) => status.toLowerCase()),
  ...OUTCOMES.map((outcome) => `outcome_${outcome}`),
];

const CHANGES = new Records({
  id: 'uuid',
  events: 'integer',
  ...Object.fromEntries(COUNT_COLUMNS.map((column) => [column, 'integer' as const])),
});

/** SQL of what these bulks amount to, and of the first and the last instant of their payouts; what is cancelled does not count. */
export const summaryOf = (bulkIds: string): string => `
  SELECT bulk_id, min(first) AS first, max(last) AS last,
    coalesce(json_agg(json_build_object('currency', currency, 'amount_minor', amount_minor::text, 'count', count) ORDER BY currency)
      FILTER (WHERE currency IS NOT NULL), '[]') AS totals
  FROM (
    SELECT p.bulk_id, CASE WHEN r.amount_minor IS NOT NULL THEN r.currency END AS currency,
      sum(r.amount_minor) AS amount_minor, count(*) AS count, min(p.scheduled_at) AS first, max(p.scheduled_at) AS last
    FROM payout p JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
    WHERE p.bulk_id = ANY(${bulkIds}) AND p.status <> 'CANCELLED'
    GROUP BY 1, 2) per_currency
  GROUP BY bulk_id
  UNION ALL
  SELECT b, NULL, NULL, '[]' FROM unnest(${bulkIds}) b
  WHERE NOT EXISTS (SELECT FROM payout p WHERE p.bulk_id = b AND p.status <> 'CANCELLED')`;

/**
 * The bulk's counts, summary and milestones. All of it is decided under the lock of the bulk's row, taken after the
 * payouts' and in the order of the ids: two workers that settle a bulk's last two payouts see one another's work, and
 * exactly one reports the bulk.
 */
@Injectable()
export class BulkProgress {
  /**
   * Applies the changes of one transaction; gives the milestones' events to be recorded with the rest. What the counts were
   * before follows from what they are and from the change: so the lock and the write can be made together.
   */
  async apply(tx: Tx, changes: readonly BulkChange[]): Promise<EventDraft[]> {
    const deltas = sumByBulk(changes);
    if (deltas.size === 0) return [];
    const summaryOf = [...deltas].filter(([, delta]) => delta.summaryChanged).map(([bulkId]) => bulkId);
    const [, , after] = await Promise.all([
      this.lock(tx, [...deltas.keys()]),
      this.refreshSummary(tx, summaryOf),
      this.write(
        tx,
        [...deltas].map(([id, { counts }]) => ({ id, events: 0, ...counts })),
      ),
    ]);
    const reached = after.flatMap((bulk): Told[] => {
      const counts = countsOf(bulk);
      const types = milestonesReached(countsBefore(counts, deltas.get(bulk.id)), counts);
      return types.length === 0 ? [] : [{ id: bulk.id, types }];
    });
    return this.tell(tx, reached);
  }

  /** Events of bulks, with everything that they show of them. */
  async tell(tx: Tx, told: readonly Told[]): Promise<EventDraft[]> {
    if (told.length === 0) return [];
    const after = await this.write(
      tx,
      told.map(({ id, types }) => ({ id, events: types.length })),
    );
    const typesOf = new Map(told.map(({ id, types }) => [id, types]));
    return after.flatMap((bulk) => draftsOf(bulk, typesOf.get(bulk.id) ?? []));
  }

  private async lock(tx: Tx, bulkIds: readonly string[]): Promise<void> {
    await tx.query(`SELECT FROM bulk_progress WHERE bulk_id = ${anyOf('$1')} ORDER BY bulk_id FOR UPDATE`, [bulkIds]);
  }

  /** Totals and first and last instant, read again from the payouts, because an edit or a cancellation can change any of them. */
  async refreshSummary(tx: Tx, bulkIds: readonly string[]): Promise<void> {
    if (bulkIds.length === 0) return;
    await tx.query(
      `UPDATE bulk_progress g SET totals = s.totals, first_scheduled_at = s.first, last_scheduled_at = s.last
       FROM (${summaryOf('$1::uuid[]')}) s
       WHERE g.bulk_id = ANY($1::uuid[]) AND g.bulk_id = s.bulk_id`,
      [bulkIds],
    );
  }

  /**
   * Holds or lets go these payouts as their bulk's pause and its rule for invalid items say. The caller has locked them: of a bulk that
   * is paused, let go or rejects, all. Others are not touched: whoever held one of them and waited for one of these would never end.
   */
  async updateHolds(tx: Tx, payouts: readonly { readonly id: string; readonly bulk_id: string }[]): Promise<void> {
    await tx.query(
      `UPDATE payout p SET held = h.held
       FROM (SELECT b.id, b.paused_at IS NOT NULL OR (b.invalid_items = 'reject'
               AND g.validation_pending + g.validation_in_progress + g.validation_failed > 0) AS held
             FROM bulk b JOIN bulk_progress g ON g.bulk_id = b.id WHERE b.id = ANY($1::uuid[])) h
       WHERE p.id = ${anyOf('$2')} AND p.bulk_id = h.id AND p.held <> h.held
         AND p.status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS', 'VALIDATION_FAILED', 'SCHEDULED', 'INTENT_CREATION_FAILED')`,
      [[...new Set(payouts.map(({ bulk_id }) => bulk_id))], payouts.map(({ id }) => id)],
    );
    tx.wake('execute');
  }

  private write(tx: Tx, rows: readonly ProgressWrite[]): Promise<ProgressRow[]> {
    return tx.query<ProgressRow>(
      `UPDATE bulk_progress g SET
         ${COUNT_COLUMNS.map((column) => `${column} = g.${column} + coalesce(v.${column}, 0)`).join(', ')},
         last_sequence = g.last_sequence + v.events, feed = greatest(g.feed, f.now), updated_at = greatest(g.updated_at, tranche_now())
       FROM (SELECT feed_now() AS now) f,
         ${CHANGES.as('v')},
         bulk b
       WHERE g.bulk_id = v.id AND b.id = v.id
       RETURNING b.id, b.merchant_id, b.reference, b.webhook_endpoint_id, g.status, g.totals, g.last_sequence, g.feed, g.updated_at,
         ${COUNT_COLUMNS.map((column) => `g.${column}`).join(', ')}`,
      CHANGES.of(rows),
    );
  }
}

function sumByBulk(changes: readonly BulkChange[]): Map<string, Delta> {
  const deltas = new Map<string, Delta>();
  const add = (delta: Delta, column: string, by: number): void => {
    delta.counts[column] = (delta.counts[column] ?? 0) + by;
  };
  for (const { bulkId, from, to, outcome, summaryChanged } of changes) {
    if (from === to && outcome.from === outcome.to && !summaryChanged) continue;
    const delta = deltas.get(bulkId) ?? { counts: {}, summaryChanged: false };
    deltas.set(bulkId, delta);
    if (from !== to) {
      add(delta, from.toLowerCase(), -1);
      add(delta, to.toLowerCase(), 1);
    }
    if (outcome.from !== outcome.to) {
      if (outcome.from !== null) add(delta, `outcome_${outcome.from}`, -1);
      if (outcome.to !== null) add(delta, `outcome_${outcome.to}`, 1);
    }
    delta.summaryChanged ||= summaryChanged;
  }
  return deltas;
}

export const countsOf = (row: Readonly<Record<string, unknown>>): StatusCounts =>
  Object.fromEntries(PAYOUT_STATUSES.map((status) => [status, Number(row[status.toLowerCase()] ?? 0)])) as StatusCounts;

const countsBefore = (after: StatusCounts, delta: Delta | undefined): StatusCounts =>
  Object.fromEntries(
    PAYOUT_STATUSES.map((status) => [status, after[status] - (delta?.counts[status.toLowerCase()] ?? 0)]),
  ) as StatusCounts;

const draftsOf = (bulk: ProgressRow, types: readonly string[]): EventDraft[] =>
  types.map((type, index) => bulkEvent(bulk, countsOf(bulk), { type, sequence: bulk.last_sequence - types.length + 1 + index }));
