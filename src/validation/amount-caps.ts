import { Injectable } from '@nestjs/common';
import type { Issue } from '../bulks/index.js';
import { Records, type Tx } from '../platform/database/index.js';
import { formatAmount } from '../platform/money/index.js';
import { localDateAt } from '../platform/time/index.js';
import type { Judgement } from './judge-payout.js';
import type { AmountLimits } from './payout-limits.js';

/** What a merchant's bulks and days may come to, and in which zone its days begin. */
export interface MerchantCaps {
  readonly bulk: AmountLimits;
  readonly day: AmountLimits;
  readonly timezone: string;
}

/** Which payout it is, and what it is held to. */
interface Claimant {
  readonly payout_id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly position: number;
  readonly reference: string;
  readonly caps: MerchantCaps;
}

/** A payout that is valid otherwise. */
export interface Candidate extends Claimant {
  readonly currency: string;
  readonly amountMinor: bigint;
  readonly scheduledAt: Date;
}

/** None where the payout is invalid by itself. */
export function candidateOf(claimant: Claimant, currency: string | null, judgement: Judgement): Candidate[] {
  const { issues, amountMinor, scheduledAt } = judgement;
  if (issues.length > 0 || amountMinor === null || scheduledAt === null || currency === null) return [];
  return [{ ...claimant, currency, amountMinor, scheduledAt }];
}

const AMOUNTS = new Records({
  merchant_id: 'uuid',
  reference: 'text',
  payout_id: 'uuid',
  bulk_id: 'uuid',
  day: 'date',
  currency: 'text',
  amount_minor: 'bigint',
});

interface Placed extends Candidate {
  readonly day: string;
}

interface UseRow {
  readonly [column: string]: unknown;
  readonly sum_of: string;
  readonly currency: string;
  readonly amount_minor: string;
}

/**
 * Holds bulks and days of a merchant to their amounts. What a payout takes of them lies in its reference hold, so it is let
 * go when that is: by a cancellation, a refusal, a failed or returned intent. Merchants without such limits cost nothing.
 */
@Injectable()
export class AmountCaps {
  /**
   * Of these payouts, in the order of their bulks, those that still fit take their amounts. The verdicts of one merchant are
   * given one group after the other from here to the commit, so no two pass the same gap.
   * @returns the finding of each that does not fit.
   */
  async take(tx: Tx, candidates: readonly Candidate[]): Promise<Map<string, Issue>> {
    const placed = placedOf(candidates);
    if (placed.length === 0) return new Map();
    const merchants = [...new Set(placed.map(({ merchant_id }) => `amounts of ${merchant_id}`))].sort();
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM (SELECT unnest($1::text[]) AS name) AS m`, [
      merchants,
    ]);
    const over = findOver(placed, await this.use(tx, placed));
    await this.write(
      tx,
      placed.filter(({ payout_id }) => !over.has(payout_id)),
    );
    return over;
  }

  /** What `take` would find now; nothing is taken. */
  async judge(tx: Tx, candidates: readonly Candidate[]): Promise<Map<string, Issue>> {
    const placed = placedOf(candidates);
    return placed.length === 0 ? new Map() : findOver(placed, await this.use(tx, placed));
  }

  /** What other payouts have taken, by bulk or day and currency. Two indexes of reference_hold are made for this. */
  private async use(tx: Tx, placed: readonly Placed[]): Promise<Map<string, bigint>> {
    const rows = await tx.query<UseRow>(
      `WITH asked AS (
         SELECT DISTINCT v.merchant_id, v.bulk_id, v.day, v.currency
         FROM ${AMOUNTS.as('v', 2)}),
       used AS (
         SELECT h.bulk_id::text AS sum_of, h.currency, h.amount_minor, h.payout_id
         FROM (SELECT DISTINCT bulk_id, currency FROM asked) a JOIN reference_hold h USING (bulk_id, currency)
         WHERE h.amount_minor IS NOT NULL
         UNION ALL
         SELECT concat(h.merchant_id, ' ', h.day), h.currency, h.amount_minor, h.payout_id
         FROM (SELECT DISTINCT merchant_id, day, currency FROM asked) a JOIN reference_hold h USING (merchant_id, day, currency)
         WHERE h.amount_minor IS NOT NULL)
       SELECT sum_of, currency, sum(amount_minor)::text AS amount_minor FROM used
       WHERE payout_id <> ALL ($1::uuid[]) GROUP BY sum_of, currency`,
      [placed.map(({ payout_id }) => payout_id), ...AMOUNTS.of(placed.map(rowOf))],
    );
    return new Map(rows.map(({ sum_of, currency, amount_minor }) => [`${sum_of} ${currency}`, BigInt(amount_minor)]));
  }

  private async write(tx: Tx, fitting: readonly Placed[]): Promise<void> {
    await tx.query(
      `UPDATE reference_hold h SET bulk_id = v.bulk_id, day = v.day, currency = v.currency, amount_minor = v.amount_minor
       FROM ${AMOUNTS.as('v')}
       WHERE h.merchant_id = v.merchant_id AND h.reference = v.reference AND h.payout_id = v.payout_id`,
      AMOUNTS.of(fitting.map(rowOf)),
    );
  }
}

/**
 * Those of merchants with such limits, in the order in which they are served. Also in a currency that has none: what a payout
 * took in another one before its edit would else be taken still.
 */
const placedOf = (candidates: readonly Candidate[]): Placed[] =>
  candidates
    .filter(({ caps }) => caps.bulk.size + caps.day.size > 0)
    .map((candidate) => ({ ...candidate, day: localDateAt(candidate.scheduledAt, candidate.caps.timezone) }))
    .sort((a, b) => (a.bulk_id < b.bulk_id ? -1 : a.bulk_id > b.bulk_id ? 1 : a.position - b.position));

const rowOf = ({ merchant_id, reference, payout_id, bulk_id, day, currency, amountMinor }: Placed) => ({
  ...{ merchant_id, reference, payout_id, bulk_id, day, currency },
  amount_minor: amountMinor,
});

/** Adds up in order: a smaller payout may fit where a larger one before it did not. */
function findOver(placed: readonly Placed[], used: Map<string, bigint>): Map<string, Issue> {
  const over = new Map<string, Issue>();
  for (const payout of placed) {
    const { caps, currency, amountMinor } = payout;
    const ofBulk = `${payout.bulk_id} ${currency}`;
    const ofDay = `${payout.merchant_id} ${payout.day} ${currency}`;
    const [bulkAfter, dayAfter] = [(used.get(ofBulk) ?? 0n) + amountMinor, (used.get(ofDay) ?? 0n) + amountMinor];
    const [bulkMax, dayMax] = [caps.bulk.get(currency), caps.day.get(currency)];
    if (bulkMax !== undefined && bulkAfter > bulkMax) {
      over.set(payout.payout_id, issue('bulk_amount_over_limit', `in one bulk`, { payout, max: bulkMax }));
    } else if (dayMax !== undefined && dayAfter > dayMax) {
      over.set(payout.payout_id, issue('daily_amount_over_limit', `on ${payout.day}`, { payout, max: dayMax }));
    } else {
      used.set(ofBulk, bulkAfter).set(ofDay, dayAfter);
    }
  }
  return over;
}

const issue = (code: Issue['code'], where: string, { payout, max }: { payout: Placed; max: bigint }): Issue => ({
  code,
  pointer: '/amount',
  detail:
    `All payouts ${where} may come to ${formatAmount(max, payout.currency)} ${payout.currency}, and with this one they come to more. ` +
    'Send it otherwise, cancel another and edit this one, or ask the operator for a higher limit.',
});
