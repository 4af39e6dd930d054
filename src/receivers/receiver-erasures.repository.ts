import { Injectable } from '@nestjs/common';
import { PAYOUT_AT_WORK } from '../payouts/index.js';
import type { Tx } from '../platform/database/index.js';
import { NIL_UUID } from '../platform/ids/index.js';

/** So many receivers are looked at in one statement, and erased in one transaction: some 50 ms. */
const SLICE_ROWS = 500;

export interface PayoutOfReceiver {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly intent_id: string | null;
  /** It may still need to know who he is. */
  readonly at_work: boolean;
}

export interface RestingReceiver {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly merchant_id: string;
  /** All payouts of his are at rest, and nothing has happened to any for long enough. */
  readonly rests: boolean;
}

/** What is known of receivers, and forgetting it. */
@Injectable()
export class ReceiverErasures {
  /** The receiver of this keyed hash. */
  byAccount(tx: Tx, merchantId: string, receiver: string): Promise<string | null> {
    return idOf(tx.one(`SELECT id FROM receiver_key WHERE merchant_id = $1 AND receiver = $2`, [merchantId, receiver]));
  }

  /** That of what counts of this payout. @returns undefined where the merchant has no such payout. */
  async byPayout(tx: Tx, merchantId: string, payoutId: string): Promise<string | null | undefined> {
    const row = await tx.one<{ id: string | null }>(
      `SELECT k.id FROM payout p JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
         LEFT JOIN receiver_key k ON k.id = r.receiver_key_id
       WHERE p.id = $2 AND p.merchant_id = $1`,
      [merchantId, payoutId],
    );
    return row === null ? undefined : row.id;
  }

  byId(tx: Tx, merchantId: string, id: string): Promise<string | null> {
    return idOf(tx.one(`SELECT id FROM receiver_key WHERE merchant_id = $1 AND id = $2`, [merchantId, id]));
  }

  /** Of these accounts, and of those that these payouts go to. */
  async keysOf(
    tx: Tx,
    merchantId: string,
    { receivers, payoutIds }: { readonly receivers: readonly string[]; readonly payoutIds: readonly string[] },
  ): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `SELECT id FROM receiver_key WHERE merchant_id = $1 AND receiver = ANY ($2::uuid[])
       UNION SELECT k.id FROM payout p JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
         JOIN receiver_key k ON k.id = r.receiver_key_id
       WHERE p.merchant_id = $1 AND p.id = ANY ($3::uuid[])`,
      [merchantId, receivers, payoutIds],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * These accounts, and every one that nothing but payouts to them ever named: an IBAN that was mistyped and then mended was his
   * too, with his name and address beside it.
   */
  withMistakes(tx: Tx, keys: readonly string[]): Promise<{ id: string; receiver: string }[]> {
    return tx.query<{ id: string; receiver: string }>(
      `WITH his AS (
         SELECT p.id FROM payout_revision r JOIN payout p ON p.id = r.payout_id AND p.revision = r.revision
         WHERE r.receiver_key_id = ANY ($1::uuid[])
       )
       SELECT k.id, k.receiver FROM receiver_key k WHERE k.id = ANY ($1::uuid[]) OR k.id IN (
         SELECT r.receiver_key_id FROM his JOIN payout_revision r ON r.payout_id = his.id
         WHERE r.receiver_key_id IS NOT NULL AND NOT EXISTS (
           SELECT FROM payout_revision other
           WHERE other.receiver_key_id = r.receiver_key_id AND NOT EXISTS (SELECT FROM his WHERE his.id = other.payout_id)))`,
      [keys],
    );
  }

  /** The payouts that ever named one of these receivers, with their intents. */
  payoutsOf(tx: Tx, receivers: readonly string[]): Promise<PayoutOfReceiver[]> {
    return tx.query<PayoutOfReceiver>(
      `SELECT p.id, i.id AS intent_id, ${PAYOUT_AT_WORK} AS at_work
       FROM (SELECT DISTINCT payout_id FROM payout_revision WHERE receiver_key_id = ANY ($1::uuid[])) said
       JOIN payout p ON p.id = said.payout_id LEFT JOIN payout_intent i ON i.payout_id = p.id
       ORDER BY p.id`,
      [receivers],
    );
  }

  async erase(tx: Tx, receivers: readonly string[]): Promise<void> {
    await tx.query(`DELETE FROM receiver_key WHERE id = ANY ($1::uuid[])`, [receivers]);
  }

  /** The next few payout links that ended so many days ago, where what was paid by them has rested since then, too. */
  restingLinks(tx: Tx, days: number): Promise<{ id: string; merchant_id: string }[]> {
    return tx.query<{ id: string; merchant_id: string }>(
      `SELECT l.id, l.merchant_id
       FROM payout_link l LEFT JOIN payout p ON p.id = l.payout_id LEFT JOIN payout_intent i ON i.payout_id = p.id
       WHERE l.receivers <> '{}' AND l.status <> 'open' AND l.updated_at <= tranche_now() - make_interval(days => $1)
         AND (p.id IS NULL OR NOT (p.updated_at > tranche_now() - make_interval(days => $1) OR ${PAYOUT_AT_WORK}))
       ORDER BY l.id LIMIT ${SLICE_ROWS}`,
      [days],
    );
  }

  /** The receivers behind one, in the order of their ids, and which of them have rested for so many days. */
  next(tx: Tx, behind: string | null, days: number): Promise<RestingReceiver[]> {
    return tx.query<RestingReceiver>(
      `SELECT k.id, k.merchant_id, ${RESTS} AS rests
       FROM (SELECT id, merchant_id FROM receiver_key WHERE id > $1 ORDER BY id LIMIT ${SLICE_ROWS}) k ORDER BY k.id`,
      [behind ?? NIL_UUID, days],
    );
  }

  /** Those of these receivers who rest still, asked once more under the lock. */
  async stillResting(tx: Tx, receivers: readonly string[], days: number): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(`SELECT k.id FROM receiver_key k WHERE k.id = ANY ($1::uuid[]) AND ${RESTS}`, [
      receivers,
      days,
    ]);
    return rows.map(({ id }) => id);
  }
}

/** `$2`: days. */
const RESTS = `NOT EXISTS (
  SELECT FROM payout_revision r JOIN payout p ON p.id = r.payout_id LEFT JOIN payout_intent i ON i.payout_id = p.id
  WHERE r.receiver_key_id = k.id AND (p.updated_at > tranche_now() - make_interval(days => $2) OR ${PAYOUT_AT_WORK}))`;

const idOf = async (found: Promise<object | null>): Promise<string | null> =>
  ((await found) as { readonly id: string } | null)?.id ?? null;
