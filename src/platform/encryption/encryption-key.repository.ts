import type { Tx } from '../database/index.js';

export interface RegisteredKey {
  readonly id: string;
  readonly first_used_at: Date;
  readonly last_used_at: Date;
  readonly retired_at: Date | null;
}

export interface TableRotation {
  readonly table_name: string;
  readonly key_id: string;
  readonly behind: string[] | null;
  readonly checked: string;
  readonly resealed: string;
  readonly unreadable: string;
  readonly began_at: Date;
  readonly ended_at: Date | null;
}

type Row<Shape> = Shape & Record<string, unknown>;

/** A process says every minute that it seals under its key; one that has not for this long has ended, or has another key now. */
const IDLE_AFTER_MINUTES = 5;

/** Keys by id, oldest first. */
export const registeredKeys = (tx: Tx): Promise<RegisteredKey[]> =>
  tx.query<Row<RegisteredKey>>(
    `SELECT id, first_used_at, last_used_at, retired_at FROM encryption_key ORDER BY first_used_at, id`,
  );

/** Says that this process still seals under this key, whatever anybody believed of it. */
export async function useKey(tx: Tx, id: string): Promise<void> {
  await tx.query(`UPDATE encryption_key SET last_used_at = tranche_now(), retired_at = NULL WHERE id = $1`, [id]);
}

/** The keys other than this one that something may be sealed under; locked, so that one runner at a time takes a step. */
export const lockOtherKeys = (tx: Tx, current: string): Promise<{ id: string; idle: boolean; last_used_at: Date }[]> =>
  tx.query<Row<{ id: string; idle: boolean; last_used_at: Date }>>(
    `SELECT id, last_used_at < tranche_now() - interval '${IDLE_AFTER_MINUTES} minutes' AS idle, last_used_at
     FROM encryption_key WHERE id <> $1 AND retired_at IS NULL ORDER BY id FOR UPDATE`,
    [current],
  );

export async function retireKeys(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query(`DELETE FROM key_rotation`);
  await tx.query(`UPDATE encryption_key SET retired_at = tranche_now() WHERE id = ANY($1::text[])`, [ids]);
}

/** What was found unreadable may have been mended since: its table is walked again after this. */
const LOOK_AGAIN_AFTER_HOURS = 1;

export const tableRotations = (tx: Tx): Promise<TableRotation[]> =>
  tx.query<Row<TableRotation>>(
    `SELECT table_name, key_id, behind, checked, resealed, unreadable, began_at, ended_at FROM key_rotation
     WHERE unreadable = 0 OR ended_at IS NULL OR ended_at > tranche_now() - interval '${LOOK_AGAIN_AFTER_HOURS} hours'
     ORDER BY began_at, table_name`,
  );

/** Begins to seal a table anew under a key, from its first row on, whatever was begun before. */
export async function beginTable(tx: Tx, table: string, keyId: string): Promise<void> {
  await tx.query(
    `INSERT INTO key_rotation (table_name, key_id) VALUES ($1, $2)
     ON CONFLICT (table_name) DO UPDATE SET key_id = excluded.key_id, behind = NULL, checked = 0, resealed = 0, unreadable = 0,
       began_at = tranche_now(), ended_at = NULL`,
    [table, keyId],
  );
}

export async function advanceTable(
  tx: Tx,
  table: string,
  step: { behind: readonly string[] | null; checked: number; resealed: number; unreadable: number; ended: boolean },
): Promise<void> {
  await tx.query(
    `UPDATE key_rotation SET behind = coalesce($2, behind), checked = checked + $3, resealed = resealed + $4,
       unreadable = unreadable + $5, ended_at = CASE WHEN $6 THEN tranche_now() END
     WHERE table_name = $1`,
    [table, step.behind, step.checked, step.resealed, step.unreadable, step.ended],
  );
}
