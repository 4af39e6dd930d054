import { Injectable } from '@nestjs/common';
import { Records, type Tx } from '../platform/database/index.js';

export interface ReferenceClaim {
  readonly merchant_id: string;
  readonly reference: string;
  readonly payout_id: string;
}

const CLAIMS = new Records({ merchant_id: 'uuid', reference: 'text', payout_id: 'uuid' });

interface NotHeld {
  readonly [column: string]: unknown;
  readonly payout_id: string;
  readonly holder: string | null;
}

const holdersOf = (rows: readonly NotHeld[]): Map<string, string> =>
  new Map(rows.flatMap(({ payout_id, holder }) => (holder === null ? [] : [[payout_id, holder]])));

/** Who holds which reference of a merchant: of two that race for one, exactly one gets it. */
@Injectable()
export class ReferenceHoldRepository {
  /**
   * Takes the references for these payouts, in one order for everybody so that two takers never deadlock. A payout that
   * holds its reference already keeps it. Where the holder that was met has let go by the time it is looked up, the
   * reference is free and is taken again: a payout never leaves here without a hold and without a holder.
   * @returns for each payout that came too late: who holds the reference.
   */
  async take(tx: Tx, claims: readonly ReferenceClaim[]): Promise<Map<string, string>> {
    for (let met = claims; ;) {
      const taken = await this.insert(tx, met);
      met = met.filter(({ payout_id }) => !taken.has(payout_id));
      const others = await this.others(tx, met);
      if (others.every(({ holder }) => holder !== null)) return holdersOf(others);
    }
  }

  /** For each of these payouts whose reference another payout holds: that payout. */
  async heldByOthers(tx: Tx, claims: readonly ReferenceClaim[]): Promise<Map<string, string>> {
    return holdersOf(await this.others(tx, claims));
  }

  /** @returns the payouts that hold their reference since now. */
  private async insert(tx: Tx, claims: readonly ReferenceClaim[]): Promise<Set<string>> {
    if (claims.length === 0) return new Set();
    const rows = await tx.query<Pick<ReferenceClaim, 'payout_id'>>(
      `INSERT INTO reference_hold (merchant_id, reference, payout_id)
       SELECT v.merchant_id, v.reference, v.payout_id
       FROM ${CLAIMS.as('v')}
       ORDER BY v.merchant_id, v.reference, v.payout_id
       ON CONFLICT (merchant_id, reference) DO NOTHING
       RETURNING payout_id`,
      CLAIMS.of(claims),
    );
    return new Set(rows.map(({ payout_id }) => payout_id));
  }

  /** The payouts that do not hold their reference, with who does; null: nobody. */
  private async others(tx: Tx, claims: readonly ReferenceClaim[]): Promise<NotHeld[]> {
    if (claims.length === 0) return [];
    return tx.query<NotHeld>(
      `SELECT v.payout_id, h.payout_id AS holder
       FROM ${CLAIMS.as('v')}
       LEFT JOIN reference_hold h ON h.merchant_id = v.merchant_id AND h.reference = v.reference
       WHERE h.payout_id IS DISTINCT FROM v.payout_id`,
      CLAIMS.of(claims),
    );
  }

  /** Lets go what these payouts hold; a payout that holds nothing is no fault. */
  async release(tx: Tx, payouts: readonly { merchant_id: string; reference: string; id: string }[]): Promise<void> {
    if (payouts.length === 0) return;
    await tx.query(
      `DELETE FROM reference_hold h
       USING ${CLAIMS.as('v')}
       WHERE h.merchant_id = v.merchant_id AND h.reference = v.reference AND h.payout_id = v.payout_id`,
      CLAIMS.of(payouts.map(({ id, ...payout }) => ({ ...payout, payout_id: id }))),
    );
  }
}
