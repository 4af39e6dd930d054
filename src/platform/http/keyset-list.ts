import type { QueryResultRow } from 'pg';
import type { Tx } from '../database/index.js';
import { fromTypeId, type IdKind, isUuid } from '../ids/index.js';
import { invalidQuery } from './dto.pipe.js';
import { kernelProblem } from './kernel.problems.js';
import type { PageQuery } from './page-query.dto.js';
import type { Problem } from './problem.js';

export interface KeysetDefinition {
  /** Of the elements, whose ids are the cursors; `uuid`: they are somebody else's and have no prefix. */
  readonly kind: IdKind | 'uuid';
  /** The column that orders the list, unique within it: an index has to start with the filter columns and end with it. */
  readonly key: string;
  /** The key's type in PostgreSQL. */
  readonly type: 'uuid' | 'integer' | 'bigint';
  readonly order: 'ascending' | 'descending';
  /**
   * Finds the key of the element that a cursor names, as `key`: `$1` is the element's uuid, then come `cursorValues`. It
   * has to look only where the caller may see.
   */
  readonly cursor: string;
  /** How many values `select` takes; the list puts its own behind them. */
  readonly values: number;
  /** The statement up to the end of its WHERE, around the condition that it has to contain. */
  readonly select: (condition: string) => string;
}

export interface KeysetPage<Row> {
  readonly rows: readonly Row[];
  /** There are more elements in the direction of the page. */
  readonly hasMore: boolean;
}

/** Where a page starts: at the end of the list that its direction begins with, or at an element. */
type From = { readonly direction: 'forward' | 'backward'; readonly key: unknown } | null;

/**
 * A list in pages that stay right while elements come and go: each page starts at a key, not at a number of rows. Made once,
 * at load: its three statements are constant texts, so they are prepared, and each is one range of one index.
 */
export class KeysetList<Row extends QueryResultRow> {
  private readonly first: string;
  private readonly forward: string;
  private readonly backward: string;

  constructor(private readonly definition: KeysetDefinition) {
    const { key, type, order, values, select } = definition;
    const [after, before] = order === 'ascending' ? (['>', '<'] as const) : (['<', '>'] as const);
    const [onward, reversed] = order === 'ascending' ? ['ASC', 'DESC'] : ['DESC', 'ASC'];
    const limit = `$${String(values + 1)}`;
    const cursor = `$${String(values + 2)}::${type}`;
    this.first = `${select('true')} ORDER BY ${key} ${onward} LIMIT ${limit}`;
    this.forward = `${select(`${key} ${after} ${cursor}`)} ORDER BY ${key} ${onward} LIMIT ${limit}`;
    this.backward = `${select(`${key} ${before} ${cursor}`)} ORDER BY ${key} ${reversed} LIMIT ${limit}`;
  }

  /** @throws `invalid_cursor`, `invalid_query` */
  async read(
    tx: Tx,
    page: PageQuery,
    parameters: { readonly values: readonly unknown[]; readonly cursorValues: readonly unknown[] },
  ): Promise<KeysetPage<Row>> {
    const from = await this.start(tx, page, parameters.cursorValues);
    // One more than asked for tells whether there is more.
    const values = [...parameters.values, page.limit + 1];
    const found =
      from === null
        ? await tx.query<Row>(this.first, values)
        : await tx.query<Row>(from.direction === 'forward' ? this.forward : this.backward, [...values, from.key]);
    const rows = found.slice(0, page.limit);
    return { rows: from?.direction === 'backward' ? rows.reverse() : rows, hasMore: found.length > page.limit };
  }

  private async start(tx: Tx, page: PageQuery, cursorValues: readonly unknown[]): Promise<From> {
    const { starting_after, ending_before } = page;
    if (starting_after !== undefined && ending_before !== undefined) {
      const detail = 'Send one of starting_after and ending_before.';
      throw invalidQuery([
        { name: 'starting_after', detail },
        { name: 'ending_before', detail },
      ]);
    }
    if (starting_after !== undefined) {
      return { direction: 'forward', key: await this.keyOf(tx, ['starting_after', starting_after], cursorValues) };
    }
    if (ending_before !== undefined) {
      return { direction: 'backward', key: await this.keyOf(tx, ['ending_before', ending_before], cursorValues) };
    }
    return null;
  }

  private async keyOf(tx: Tx, [name, id]: readonly [string, string], cursorValues: readonly unknown[]): Promise<unknown> {
    const { kind } = this.definition;
    const uuid = kind !== 'uuid' ? fromTypeId(kind, id) : isUuid(id) ? id : null;
    const row = uuid === null ? null : await tx.one<{ key: unknown }>(this.definition.cursor, [uuid, ...cursorValues]);
    if (row === null) throw invalidCursor(name);
    return row.key;
  }
}

/** One same answer for cursors that are malformed, unknown or another's. */
export const invalidCursor = (parameter: string): Problem =>
  kernelProblem('invalid_cursor', `${parameter} names nothing in this list. Use the id of an element of one of its pages.`);

export interface List<Element> {
  readonly object: 'list';
  readonly data: readonly Element[];
  readonly has_more: boolean;
}

/** A page as it is answered. */
export const toList = <Row, Element>(page: KeysetPage<Row>, toElement: (row: Row) => Element): List<Element> => ({
  object: 'list',
  data: page.rows.map((row) => toElement(row)),
  has_more: page.hasMore,
});
