import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { recordAudit } from '../audit/index.js';
import { SEALED_TABLES, type SealedTable, Sealer } from '../crypto/index.js';
import { Transactions, type Tx } from '../database/index.js';
import {
  advanceTable,
  beginTable,
  lockOtherKeys,
  retireKeys,
  type TableRotation,
  tableRotations,
} from './encryption-key.repository.js';
import { type WalkSql, walkSqlOf } from './walk-sql.js';

/** Some 10 ms of ciphering and 50 ms of writing, so that nobody notices a slice. */
const SLICE_ROWS = 500;

type SealedRow = Readonly<Record<string, string | Buffer | null>>;
interface SealedColumn {
  readonly column: string;
  readonly placeOf: SealedTable['columns'][string];
  /** Names of the row's primary key. */
  readonly key: readonly string[];
}
type OtherKey = Awaited<ReturnType<typeof lockOtherKeys>>[number];

/**
 * Seals everything anew that lies under an older key, and then retires that key. Begins when no process seals under another
 * key than this one's any more, so nothing is added behind the walk; a key that is used again begins it anew.
 * An edit is never overwritten: a value is replaced only where it still is what was read, and what has changed since was
 * sealed under the current key. Safe to crash here because a slice and how far it came are one transaction.
 */
@Injectable()
export class RotateKeys {
  private readonly logger = new Logger(RotateKeys.name);
  private readonly walks: readonly { readonly sealed: SealedTable; readonly sql: WalkSql }[];

  constructor(
    private readonly transactions: Transactions,
    private readonly sealer: Sealer,
    @Inject(SEALED_TABLES) tables: readonly SealedTable[],
  ) {
    this.walks = tables.map((sealed) => ({ sealed, sql: walkSqlOf(sealed) }));
  }

  /** Until there is nothing left to do, with as much rest as work, because the payouts come first. */
  async execute(): Promise<void> {
    for (;;) {
      const began = performance.now();
      if (!(await this.transactions.asEngine((tx) => this.step(tx)))) return;
      await wait(performance.now() - began);
    }
  }

  /** @returns whether there may be more to do. */
  private async step(tx: Tx): Promise<boolean> {
    const others = await lockOtherKeys(tx, this.sealer.current);
    if (others.length === 0 || !others.every(({ id, idle }) => idle && this.sealer.has(id))) return false;
    const begun = (await tableRotations(tx)).filter((rotation) => this.counts(rotation, others));
    for (const walk of this.walks) {
      const rotation = begun.find(({ table_name }) => table_name === walk.sealed.table);
      if (rotation?.ended_at) continue;
      if (rotation === undefined) await beginTable(tx, walk.sealed.table, this.sealer.current);
      await this.slice(tx, walk, rotation?.behind ?? null);
      return true;
    }
    const unreadable = begun.filter((rotation) => BigInt(rotation.unreadable) > 0n);
    if (unreadable.length === 0) await this.retire(tx, ids(others));
    for (const { table_name, unreadable: count } of unreadable)
      this.logger.error(`${count} sealed values of ${table_name} can not be opened: ${ids(others).join(', ')} is not retired`);
    return false;
  }

  private async retire(tx: Tx, keys: readonly string[]): Promise<void> {
    await retireKeys(tx, keys);
    await recordAudit(tx, {
      merchantId: null,
      actor: { kind: 'system', id: 'rotate-encryption-keys' },
      requestId: null,
      action: 'retireEncryptionKeys',
      subject: null,
      changes: keys.map((id) => ({ field: id, before: 'in_use', after: 'retired' })),
    });
  }

  /** A walk that began while another key was in use, or towards another key, has to begin anew. */
  private counts(rotation: TableRotation, others: readonly OtherKey[]): boolean {
    return rotation.key_id === this.sealer.current && others.every(({ last_used_at }) => rotation.began_at > last_used_at);
  }

  private async slice(tx: Tx, { sealed, sql }: (typeof this.walks)[number], behind: readonly string[] | null): Promise<void> {
    const rows = await tx.query<SealedRow>(behind === null ? sql.first : sql.next, [SLICE_ROWS, ...(behind ?? [])]);
    const names = Object.keys(sealed.key);
    let [resealed, unreadable] = [0, 0];
    for (const [column, placeOf] of Object.entries(sealed.columns)) {
      const anew = rows.map((row) => this.anew(row, { column, placeOf, key: names }));
      const written = anew.filter((one) => typeof one === 'object');
      unreadable += anew.filter((one) => one === 'unreadable').length;
      resealed += written.length;
      if (written.length > 0) await tx.query(sql.write[column] ?? '', [JSON.stringify(written)]);
    }
    const last = rows.at(-1);
    await advanceTable(tx, sealed.table, {
      behind: last === undefined ? null : names.map((name) => String(last[name])),
      checked: rows.length,
      resealed,
      unreadable,
      ended: rows.length < SLICE_ROWS,
    });
  }

  /** What is to be written instead of a sealed value, or why nothing is. */
  private anew(row: SealedRow, { column, placeOf, key }: SealedColumn): object | 'unreadable' | 'current' {
    const was = row[column];
    if (!Buffer.isBuffer(was)) return 'current';
    try {
      const now = this.sealer.resealed(was, placeOf(row as Readonly<Record<string, string>>));
      if (now === null) return 'current';
      const names = Object.fromEntries(key.map((name) => [name, row[name]]));
      return { ...names, was: was.toString('base64'), sealed: now.toString('base64') };
    } catch {
      return 'unreadable';
    }
  }
}

const ids = (keys: readonly { readonly id: string }[]): string[] => keys.map(({ id }) => id);
