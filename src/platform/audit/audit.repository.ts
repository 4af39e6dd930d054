import { Records, type Tx } from '../database/index.js';
import { AUDIT_COLUMNS, type AuditRow } from './audit-entry.js';

/** The end of a chain; nothing sealed yet: number 0 without a hash. */
export interface ChainEnd {
  readonly [column: string]: unknown;
  readonly merchant_id: string;
  readonly number: string;
  readonly hash: Buffer | null;
  readonly seal: Buffer | null;
  readonly sealed_at: Date | null;
}

const END_COLUMNS = 'merchant_id, number, hash, seal, sealed_at';

/** Chains with entries that are not sealed yet, the longest waiting first. */
export const unsealedChains = async (tx: Tx, limit: number, except: readonly string[]): Promise<string[]> => {
  const rows = await tx.query<{ merchant_id: string }>(
    `SELECT merchant_id FROM audit_entry WHERE number IS NULL AND merchant_id <> ALL ($2::uuid[])
     GROUP BY merchant_id ORDER BY min(place) LIMIT $1`,
    [limit, except],
  );
  return rows.map(({ merchant_id }) => merchant_id);
};

/** The end of the chain, locked: entries are put behind it one slice at a time, whoever runs. */
export async function lockChain(tx: Tx, merchantId: string): Promise<ChainEnd> {
  await tx.query(`INSERT INTO audit_chain (merchant_id) VALUES ($1) ON CONFLICT DO NOTHING`, [merchantId]);
  const end = await tx.one<ChainEnd>(`SELECT ${END_COLUMNS} FROM audit_chain WHERE merchant_id = $1 FOR UPDATE`, [merchantId]);
  if (end === null) throw new Error('the row of table audit_chain was written and is gone');
  return end;
}

/** A statement of its own after the lock: it has to see what the runner before has sealed. */
export const unsealed = (tx: Tx, merchantId: string, limit: number): Promise<(AuditRow & { readonly place: string })[]> =>
  tx.query<AuditRow & { readonly place: string }>(
    `SELECT place, ${AUDIT_COLUMNS} FROM audit_entry WHERE number IS NULL AND merchant_id = $1 ORDER BY place LIMIT $2`,
    [merchantId, limit],
  );

export interface AuditLink {
  readonly place: string;
  readonly number: number;
  /** In hexadecimal digits. */
  readonly hash: string;
}

const LINKS = new Records({ place: 'bigint', number: 'bigint', hash: 'text' });

export async function writeLinks(
  tx: Tx,
  merchantId: string,
  { links, seal }: { readonly links: readonly AuditLink[]; readonly seal: Buffer },
): Promise<void> {
  await tx.query(
    `UPDATE audit_entry e SET number = v.number, hash = decode(v.hash, 'hex')
     FROM ${LINKS.as('v')} WHERE e.place = v.place`,
    LINKS.of(links),
  );
  const last = links.at(-1);
  await tx.query(
    `UPDATE audit_chain SET number = $2, hash = decode($3, 'hex'), seal = $4, sealed_at = tranche_now() WHERE merchant_id = $1`,
    [merchantId, last?.number, last?.hash, seal],
  );
}

export const chainEnd = (tx: Tx, merchantId: string): Promise<ChainEnd | null> =>
  tx.one<ChainEnd>(`SELECT ${END_COLUMNS} FROM audit_chain WHERE merchant_id = $1`, [merchantId]);

/** The chain behind this number, in its order. */
export const linksBehind = (
  tx: Tx,
  merchantId: string,
  { number, limit }: { number: number; limit: number },
): Promise<AuditRow[]> =>
  tx.query<AuditRow>(`SELECT ${AUDIT_COLUMNS} FROM audit_entry WHERE merchant_id = $1 AND number > $2 ORDER BY number LIMIT $3`, [
    merchantId,
    number,
    limit,
  ]);

export const countUnsealed = async (tx: Tx, merchantId: string): Promise<number> =>
  (
    await tx.one<{ count: number }>(
      `SELECT count(*)::integer AS count FROM audit_entry WHERE number IS NULL AND merchant_id = $1`,
      [merchantId],
    )
  )?.count ?? 0;
