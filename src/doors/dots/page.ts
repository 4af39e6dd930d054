import type { KeysetPage, PageQuery } from '../../platform/http/index.js';
import { invalidInput } from './dots-refusal.js';

/** Dots' own limits; what it gives without being asked for a number is not told. */
const LIMIT_MAX = 100;

/**
 * Parameters that are unknown are ignored.
 * @param toCursor of an id, in lower case, as the list knows it.
 * @throws invalid-input
 */
export function readPage(query: Readonly<Record<string, unknown>>, toCursor = (id: string) => id): PageQuery {
  const { limit, starting_after, ending_before } = query;
  const count = limit === undefined ? LIMIT_MAX : typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > LIMIT_MAX) throw invalidInput(`limit: send a whole number from 1 to ${LIMIT_MAX}.`);
  const cursor = (name: 'starting_after' | 'ending_before', value: unknown): Partial<PageQuery> => {
    if (value === undefined) return {};
    if (typeof value !== 'string') throw invalidInput(`${name}: send one id.`);
    return { [name]: toCursor(value.toLowerCase()) };
  };
  return { limit: count, ...cursor('starting_after', starting_after), ...cursor('ending_before', ending_before) };
}

export const toPage = <Row, Element>({ rows, hasMore }: KeysetPage<Row>, toElement: (row: Row) => Element) => ({
  has_more: hasMore,
  data: rows.map(toElement),
});
