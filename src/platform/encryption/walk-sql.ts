import type { SealedTable } from '../crypto/index.js';

/** Constant texts for one table; names come from our own declarations, never from a request. */
export interface WalkSql {
  /** The first rows. `$1`: how many. */
  readonly first: string;
  /** Those behind a key. `$1`: how many, then the key's values as text. */
  readonly next: string;
  /** By column: writes `$1`, JSON of `{…key, was, sealed}`, where the value is still what was read. */
  readonly write: Readonly<Record<string, string>>;
}

export function walkSqlOf({ table, key, placedBy = [], columns }: SealedTable): WalkSql {
  const names = Object.keys(key);
  const types = Object.entries(key);
  const shown = [...names, ...placedBy].map((name) => `${name}::text AS ${name}`);
  const select = `SELECT ${[...shown, ...Object.keys(columns)].join(', ')} FROM ${table}`;
  const order = `ORDER BY ${names.map((name) => `${table}.${name}`).join(', ')} LIMIT $1`;
  const behind = types.map(([, type], index) => `$${index + 2}::${type}`).join(', ');
  const same = names.map((name) => `t.${name} = v.${name}`).join(' AND ');
  return {
    first: `${select} ${order}`,
    next: `${select} WHERE (${names.map((name) => `${table}.${name}`).join(', ')}) > (${behind}) ${order}`,
    write: Object.fromEntries(
      Object.keys(columns).map((column) => [
        column,
        `UPDATE ${table} t SET ${column} = decode(v.sealed, 'base64')
         FROM jsonb_to_recordset($1::jsonb) AS v (${types.map(([name, type]) => `${name} ${type}`).join(', ')}, was text, sealed text)
         WHERE ${same} AND t.${column} = decode(v.was, 'base64')`,
      ]),
    ),
  };
}
