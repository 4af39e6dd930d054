import type { EncryptionStatus } from './encryption-key.queries.js';

export class EncryptionKeyDto {
  /**
   * As it stands in ENCRYPTION_KEYS.
   * @example k2
   */
  id: string;

  /**
   * `current`: seals, in the process that answers. `in_use`: something may still be sealed under it; no process starts without
   * it. `retired`: nothing is, and it may be left out of ENCRYPTION_KEYS.
   * @example current
   */
  state: 'current' | 'in_use' | 'retired';

  /** @example 2026-11-21T12:00:00.000Z */
  first_used_at: string;

  /**
   * When a process last said that it seals under this key.
   * @example 2026-11-21T12:00:00.000Z
   */
  last_used_at: string;

  /**
   * Null: not retired.
   * @example null
   */
  retired_at: string | null;
}

export class TableRotationDto {
  /** @example payout_revision */
  table: string;

  /**
   * Rows that were looked at.
   * @example 120000
   */
  checked: number;

  /**
   * Values that were sealed anew.
   * @example 180000
   */
  resealed: number;

  /**
   * Values that can not be opened; while there is one, no key is retired.
   * @example 0
   */
  unreadable: number;

  /** @example 2026-11-21T12:00:00.000Z */
  began_at: string;

  /**
   * Null: goes on.
   * @example null
   */
  ended_at: string | null;
}

/** The encryption keys and how far the rotation to the current one has come. */
export class EncryptionStatusDto {
  /** @example encryption */
  object: 'encryption';

  /** Every key that something was ever sealed under, oldest first. */
  keys: EncryptionKeyDto[];

  /** The tables of a rotation that is under way, as far as they were begun; empty: none is. */
  rotation: TableRotationDto[];
}

export const toEncryptionStatusResponse = ({ current, keys, tables }: EncryptionStatus): EncryptionStatusDto => ({
  object: 'encryption',
  keys: keys.map((key) => ({
    id: key.id,
    state: key.retired_at !== null ? 'retired' : key.id === current ? 'current' : 'in_use',
    first_used_at: key.first_used_at.toISOString(),
    last_used_at: key.last_used_at.toISOString(),
    retired_at: key.retired_at?.toISOString() ?? null,
  })),
  rotation: tables.map((table) => ({
    table: table.table_name,
    checked: Number(table.checked),
    resealed: Number(table.resealed),
    unreadable: Number(table.unreadable),
    began_at: table.began_at.toISOString(),
    ended_at: table.ended_at?.toISOString() ?? null,
  })),
});
