import { createHash } from 'node:crypto';
import type { SealedTable, Sealer } from '../crypto/index.js';
import type { Tx } from '../database/index.js';
import { toTypeId } from '../ids/index.js';
import type { Answer } from './answer.js';

/** What makes two requests the same one, beside their bodies. */
export interface IdempotencyScope {
  /** The merchant's uuid, or that of the operator's key. */
  readonly ownerId: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly key: string;
}

export interface KeptAnswer {
  /** The request has another body than the first one. */
  readonly toAnotherBody: boolean;
  /** Null: it carried a secret and has been dropped. */
  readonly answer: Answer | null;
}

interface Row {
  body_hash: Buffer;
  response_status: number;
  response_headers: Record<string, string>;
  response_body: Buffer | null;
  secret: boolean;
}

/**
 * First answers under idempotency keys, in the transaction of the request that they answer. Sealed, because an answer may
 * tell of a person what lies sealed everywhere else; and a body is kept only as a keyed hash, because an account number in a
 * body that can be guessed otherwise would be found out by trying.
 */
export class IdempotencyKeys {
  constructor(private readonly sealer: Sealer) {}

  /**
   * Keeps every other request of this scope away until the transaction ends, however it ends: a crash lets go too. Never
   * waits. Two scopes that share a hash of 64 bits would refuse each other for a moment, which harms nobody.
   */
  async lock(tx: Tx, scope: IdempotencyScope): Promise<boolean> {
    const row = await tx.one<{ locked: boolean }>(`SELECT pg_try_advisory_xact_lock($1::bigint) AS locked`, [lockNumber(scope)]);
    return row?.locked === true;
  }

  /**
   * A statement of its own after `lock`, because a statement sees what was committed before it began: in one statement
   * with the lock it could miss the answer of whoever held the lock until then.
   */
  async find(tx: Tx, scope: IdempotencyScope, bodyText: string): Promise<KeptAnswer | null> {
    const row = await tx.one<Row>(
      `SELECT body_hash, response_status, response_headers, response_body, secret
         FROM idempotency_key WHERE merchant_id = $1 AND method = $2 AND path = $3 AND key = $4`,
      [scope.ownerId, scope.method, scope.path, scope.key],
    );
    if (row === null) return null;
    const toAnotherBody = !this.sealer.fingerprint(bodyText).equals(row.body_hash);
    if (row.secret && row.response_body === null) return { toAnotherBody, answer: null };
    return {
      toAnotherBody,
      answer: { status: row.response_status, headers: row.response_headers, body: this.readBody(row, scope) },
    };
  }

  async keep(tx: Tx, scope: IdempotencyScope, kept: { bodyText: string; answer: Answer; secret: boolean }): Promise<void> {
    const { status, headers, body } = kept.answer;
    const secret = kept.secret && body !== null;
    await tx.query(
      `INSERT INTO idempotency_key (merchant_id, method, path, key, body_hash, response_status, response_headers, response_body, secret)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        ...[scope.ownerId, scope.method, scope.path, scope.key],
        ...[this.sealer.fingerprint(kept.bodyText), status, JSON.stringify(headers)],
        body === null ? null : this.sealer.seal(body, placeOf(scope)),
        secret,
      ],
    );
  }

  private readBody(row: Row, scope: IdempotencyScope): string | null {
    if (row.response_body === null) return null;
    return this.sealer.open(row.response_body, placeOf(scope));
  }
}

/** At most this many rows in one statement: some 50 ms, so that a backlog holds up nobody. Call again while it is reached. */
const FORGET_ROWS_MAX = 5_000;

/** Drops kept answers that carry a secret once they are older than an hour. @returns how many. */
export async function forgetIdempotencySecrets(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `UPDATE idempotency_key SET response_body = NULL
      WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_key
         WHERE secret AND response_body IS NOT NULL AND created_at < tranche_now() - interval '1 hour'
         LIMIT ${String(FORGET_ROWS_MAX)} FOR UPDATE SKIP LOCKED))
      RETURNING 1`,
  );
  return rows.length;
}

/**
 * Drops kept answers of routes whose path names one of these rows: they tell of a person who is to be forgotten. One look at all
 * keys of the day, because a path is found by its end alone. @returns how many.
 */
export async function forgetAnswersAbout(tx: Tx, ids: readonly string[]): Promise<number> {
  // A door may name a row without the word in front.
  const names = ids.map((id) => toTypeId('payout', id).slice('payout_'.length));
  const rows = await tx.query(
    `UPDATE idempotency_key SET response_body = NULL, secret = true
      WHERE response_body IS NOT NULL AND substring(path FROM '[0-7][0-9a-hjkmnp-tv-z]{25}') = ANY ($1::text[])
      RETURNING 1`,
    [names],
  );
  return rows.length;
}

/** Forgets keys that are older than 24 hours: from then on they are new again. @returns how many. */
export async function forgetIdempotencyKeys(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `DELETE FROM idempotency_key
      WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_key WHERE created_at < tranche_now() - interval '24 hours'
         LIMIT ${String(FORGET_ROWS_MAX)} FOR UPDATE SKIP LOCKED))
      RETURNING 1`,
  );
  return rows.length;
}

/** A signed 64-bit number, as PostgreSQL's advisory locks are named. */
function lockNumber(scope: IdempotencyScope): string {
  return createHash('sha256').update(placeOf(scope)).digest().readBigInt64BE(0).toString();
}

/** One text per scope, whatever characters its parts hold. */
const placeOf = (scope: IdempotencyScope): string =>
  `idempotency_key:${JSON.stringify([scope.ownerId, scope.method, scope.path, scope.key])}`;

export const sealedIdempotencyKeys: SealedTable = {
  table: 'idempotency_key',
  key: { merchant_id: 'uuid', method: 'text', path: 'text', key: 'text' },
  columns: {
    response_body: ({ merchant_id: ownerId = '', method = '', path = '', key = '' }) => placeOf({ ownerId, method, path, key }),
  },
};
