/** A table with sealed columns, as the module that owns it declares it, so that a rotation can walk it. */
export interface SealedTable {
  readonly table: string;
  /** The primary key, whose values never change: the walk follows it. */
  readonly key: Readonly<Record<string, 'uuid' | 'integer' | 'text' | 'boolean'>>;
  /** Further columns that the places are made of. */
  readonly placedBy?: readonly string[];
  /** The place that each sealed column is bound to, from the row's key and further columns as text. */
  readonly columns: Readonly<Record<string, (row: Readonly<Record<string, string>>) => string>>;
}

/** Injection token of every `SealedTable`, in the order in which they are walked. */
export const SEALED_TABLES = Symbol('SEALED_TABLES');
