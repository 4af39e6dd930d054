import { Inject, Injectable } from '@nestjs/common';
import { type SealedTable, Sealer } from '../platform/crypto/index.js';
import type { Tx } from '../platform/database/index.js';
import type { LinkDetails, PayoutLink } from './payout-link.js';
import { payoutLinkLifecycle, type PayoutLinkStatus, type PayoutLinkTransition } from './payout-link.lifecycle.js';

/** A link as a step has left it. */
export interface SteppedLink {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly merchant_id: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly expires_at: Date;
  readonly bulk_id: string | null;
  readonly payout_id: string | null;
  readonly last_sequence: number;
  readonly feed: string;
  readonly at: Date;
}

export interface NewPayoutLink {
  readonly id: string;
  readonly merchantId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly senderKey: string | null;
  readonly tokenHash: Buffer;
  /** Keyed hashes of whom it is for. */
  readonly receivers: readonly string[];
  readonly days: number;
  readonly details: LinkDetails;
}

type StoredLink = Omit<PayoutLink, 'details'> & { readonly [column: string]: unknown; readonly details: Buffer };

/** What is known of a link without opening it. */
export interface NamingLink {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly status: PayoutLinkStatus;
  readonly payout_id: string | null;
  readonly receivers: readonly string[] | null;
}

const FORGOTTEN: LinkDetails = { memo: null, sent: {} };
/** Some 20 ms of ciphering. */
const NAMED_AT_ONCE_ROWS = 500;

const CLAIMABLE = `l.status = 'open' AND l.expires_at > tranche_now()`;
const VIEW = `
  SELECT l.id, l.merchant_id, m.name AS merchant_name, l.status, l.amount_minor, l.currency, l.sender_key, l.payout_id, l.expires_at,
    l.created_at, l.details, ${CLAIMABLE} AS claimable
  FROM payout_link l JOIN merchant m ON m.id = l.merchant_id`;
const STEPPED = 'id, merchant_id, amount_minor, currency, expires_at, bulk_id, payout_id, last_sequence, feed, updated_at AS at';

/** All SQL of payout links. */
@Injectable()
export class PayoutLinkRepository {
  constructor(@Inject(Sealer) private readonly sealer: Sealer) {}

  async insert(tx: Tx, link: NewPayoutLink): Promise<SteppedLink> {
    const { id, merchantId, amountMinor, currency, senderKey, tokenHash, receivers, days, details } = link;
    const [row] = await tx.query<SteppedLink>(
      `INSERT INTO payout_link (id, merchant_id, status, amount_minor, currency, sender_key, token_hash, receivers, details, expires_at, last_sequence, feed)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, tranche_now() + make_interval(days => $10), 1, feed_now())
       RETURNING ${STEPPED}`,
      [
        ...[id, merchantId, payoutLinkLifecycle.transitions.create.to, String(amountMinor), currency, senderKey, tokenHash],
        ...[receivers, this.sealer.seal(JSON.stringify(details), placeOf(merchantId, id)), days],
      ],
    );
    if (row === undefined) throw new Error('an INSERT of one row returned none');
    return row;
  }

  /** Lets one request at a time ask for this key and take it. Waits for the other; ends with the transaction. */
  async lockSenderKey(tx: Tx, merchantId: string, senderKey: string): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`payout link ${merchantId} ${senderKey}`]);
  }

  /** Whoever claims, cancels or expires it waits for whoever does. To be read after it, in a statement of its own. */
  async lock(tx: Tx, merchantId: string, id: string): Promise<void> {
    await tx.query(`SELECT FROM payout_link WHERE merchant_id = $1 AND id = $2 FOR UPDATE`, [merchantId, id]);
  }

  find(tx: Tx, merchantId: string, id: string): Promise<PayoutLink | null> {
    return this.one(tx, `${VIEW} WHERE l.merchant_id = $1 AND l.id = $2`, [merchantId, id]);
  }

  findByKey(tx: Tx, merchantId: string, senderKey: string): Promise<PayoutLink | null> {
    return this.one(tx, `${VIEW} WHERE l.merchant_id = $1 AND l.sender_key = $2`, [merchantId, senderKey]);
  }

  /** Of any merchant; one look for those that were never there and those that are used up. */
  findClaimable(tx: Tx, tokenHash: Buffer): Promise<{ id: string; merchant_id: string } | null> {
    return tx.one<{ id: string; merchant_id: string }>(
      `SELECT l.id, l.merchant_id FROM payout_link l WHERE l.token_hash = $1 AND ${CLAIMABLE}`,
      [tokenHash],
    );
  }

  /** @returns null where the link is no longer where the step begins. */
  step(
    tx: Tx,
    { merchantId, id }: { merchantId: string; id: string },
    { transition, bulkId, payoutId }: { transition: PayoutLinkTransition; bulkId: string | null; payoutId: string | null },
  ): Promise<SteppedLink | null> {
    const { from, to } = payoutLinkLifecycle.transitions[transition];
    return tx.one<SteppedLink>(
      `UPDATE payout_link l SET status = $3, bulk_id = $5, payout_id = $6, last_sequence = l.last_sequence + 1,
         feed = greatest(l.feed, f.now), updated_at = greatest(l.updated_at, tranche_now())
       FROM (SELECT feed_now() AS now) f WHERE l.merchant_id = $1 AND l.id = $2 AND l.status = ANY ($4::text[])
       RETURNING ${STEPPED}`,
      [merchantId, id, to, from, bulkId, payoutId],
    );
  }

  /** Those whose time is over, of all merchants, by the index of open ones. One that is being claimed is left to who claims it. */
  expire(tx: Tx, limit: number): Promise<SteppedLink[]> {
    const { from, to } = payoutLinkLifecycle.transitions.expire;
    return tx.query<SteppedLink>(
      `UPDATE payout_link l SET status = $1, last_sequence = l.last_sequence + 1, feed = greatest(l.feed, f.now),
         updated_at = greatest(l.updated_at, tranche_now())
       FROM (SELECT feed_now() AS now) f
       WHERE l.id = ANY (ARRAY(
         SELECT id FROM payout_link WHERE status = 'open' AND expires_at <= tranche_now() ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED))
         AND l.status = ANY ($2::text[])
       RETURNING ${STEPPED}`,
      [to, from, limit],
    );
  }

  /** Those for these receivers, and those that these payouts were made of. */
  naming(
    tx: Tx,
    merchantId: string,
    { receivers, payoutIds, ids }: Readonly<Record<'receivers' | 'payoutIds' | 'ids', readonly string[]>>,
  ): Promise<NamingLink[]> {
    return tx.query<NamingLink>(
      `SELECT id, status, payout_id, receivers FROM payout_link
       WHERE merchant_id = $1 AND (receivers && $2::uuid[] OR payout_id = ANY ($3::uuid[]) OR id = ANY ($4::uuid[])) ORDER BY id`,
      [merchantId, receivers, payoutIds, ids],
    );
  }

  /** A few that were written before it was said whom they are for. */
  async unnamed(tx: Tx, merchantId: string | null): Promise<{ id: string; merchantId: string; details: LinkDetails | null }[]> {
    const rows = await tx.query<{ id: string; merchant_id: string; details: Buffer }>(
      `SELECT id, merchant_id, details FROM payout_link WHERE receivers IS NULL AND ($1::uuid IS NULL OR merchant_id = $1)
       ORDER BY id LIMIT ${NAMED_AT_ONCE_ROWS} FOR UPDATE`,
      [merchantId],
    );
    return rows.map((row) => ({ id: row.id, merchantId: row.merchant_id, details: this.opened(row) }));
  }

  async name(tx: Tx, links: readonly { readonly id: string; readonly receivers: readonly string[] }[]): Promise<void> {
    await tx.query(
      `UPDATE payout_link l SET receivers = v.receivers
       FROM jsonb_to_recordset($1::jsonb) AS v (id uuid, receivers uuid[]) WHERE l.id = v.id`,
      [JSON.stringify(links)],
    );
  }

  /** Keeps the amount and what became of it, and nothing of whom it was for. */
  async forget(tx: Tx, merchantId: string, ids: readonly string[]): Promise<void> {
    await tx.query(
      `UPDATE payout_link l SET receivers = '{}', details = v.details
       FROM unnest($2::uuid[], $3::bytea[]) AS v (id, details) WHERE l.id = v.id AND l.merchant_id = $1`,
      [merchantId, ids, ids.map((id) => this.sealer.seal(JSON.stringify(FORGOTTEN), placeOf(merchantId, id)))],
    );
  }

  /** Null where nobody can read it. */
  private opened({ id, merchant_id, details }: { id: string; merchant_id: string; details: Buffer }): LinkDetails | null {
    try {
      return JSON.parse(this.sealer.open(details, placeOf(merchant_id, id))) as LinkDetails;
    } catch {
      return null;
    }
  }

  private async one(tx: Tx, text: string, values: readonly unknown[]): Promise<PayoutLink | null> {
    const row = await tx.one<StoredLink>(text, values);
    if (row === null) return null;
    const opened = this.sealer.open(row.details, placeOf(row.merchant_id, row.id));
    return { ...row, details: JSON.parse(opened) as LinkDetails };
  }
}

const placeOf = (merchantId: string, id: string): string => `${merchantId}|${id}|payout link`;

export const sealedPayoutLinks: SealedTable = {
  table: 'payout_link',
  key: { id: 'uuid' },
  placedBy: ['merchant_id'],
  columns: { details: ({ id = '', merchant_id = '' }) => placeOf(merchant_id, id) },
};
