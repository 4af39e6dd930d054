import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import type { ApiKey } from './api-key.entity.js';

/** A key that is valid at this moment, with what every request that comes with it needs. */
export interface ValidApiKey {
  readonly id: string;
  /** Null: an operator's. */
  readonly merchant_id: string | null;
  readonly scopes: string[] | null;
  /** The merchant's. */
  readonly timezone: string | null;
  /** How long until it expires on the database's clock, in milliseconds; null: never. */
  readonly expires_in_ms: number | null;
}

export interface NewApiKeyRow {
  readonly id: string;
  readonly merchant_id: string | null;
  readonly name: string | null;
  readonly secret_hash: Buffer;
  readonly scopes: readonly string[] | null;
  readonly expires_at: Date | null;
}

type ApiKeyRow = ApiKey & Record<string, unknown>;

const COLUMNS = 'id, merchant_id, name, secret_hash, scopes, expires_at, revoked_at, last_used_at, created_at';

const VALID = `
  SELECT k.id, k.merchant_id, k.scopes, m.timezone, (extract(epoch FROM k.expires_at - tranche_now()) * 1000)::float8 AS expires_in_ms
  FROM api_key k
  LEFT JOIN merchant m ON m.id = k.merchant_id
  WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > tranche_now())`;

/** All SQL of API keys but their lists. */
@Injectable()
export class ApiKeyRepository {
  async insert(tx: Tx, key: NewApiKeyRow): Promise<ApiKey> {
    const [row] = await tx.query<ApiKeyRow>(
      `INSERT INTO api_key (id, merchant_id, name, secret_hash, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
      [key.id, key.merchant_id, key.name, key.secret_hash, key.scopes, key.expires_at],
    );
    if (row === undefined) throw new Error('an INSERT of one row returned none');
    return row;
  }

  findValid(tx: Tx, secretHash: Buffer): Promise<ValidApiKey | null> {
    return tx.one<ValidApiKey & Record<string, unknown>>(`${VALID} AND k.secret_hash = $1`, [secretHash]);
  }

  findValidById(tx: Tx, id: string): Promise<ValidApiKey | null> {
    return tx.one<ValidApiKey & Record<string, unknown>>(`${VALID} AND k.id = $1`, [id]);
  }

  /** Revoking what is revoked keeps the first instant. @returns false where this merchant, or (null) no operator, has such a key. */
  async revoke(tx: Tx, merchantId: string | null, id: string): Promise<boolean> {
    const row = await tx.one(
      'UPDATE api_key SET revoked_at = coalesce(revoked_at, tranche_now()) WHERE id = $2 AND merchant_id IS NOT DISTINCT FROM $1 RETURNING id',
      [merchantId, id],
    );
    return row !== null;
  }

  /**
   * Every process reports the keys that it saw. Whoever comes within a minute of another writes nothing, and who meets
   * another at the row leaves it to that one: the instant is the same to the minute, and no two reports can deadlock.
   */
  async noteUse(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.query(
      `UPDATE api_key SET last_used_at = tranche_now()
       WHERE id = ANY (ARRAY (
         SELECT id FROM api_key
         WHERE id = ANY ($1::uuid[]) AND (last_used_at IS NULL OR last_used_at < tranche_now() - interval '1 minute')
         FOR UPDATE SKIP LOCKED))`,
      [ids],
    );
  }
}
