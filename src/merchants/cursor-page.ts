import { invalidCursor, invalidQuery, type PageQuery } from '../platform/http/index.js';

/** A page by uuids, for lists whose statements belong to another module. At most one of the two is set. */
export interface CursorPage {
  readonly limit: number;
  readonly startingAfter: string | null;
  readonly endingBefore: string | null;
}

/** @param uuidOf null where the text can be no id of this list. @throws `invalid_query`, `invalid_cursor` */
export function cursorPage(query: PageQuery, uuidOf: (id: string) => string | null): CursorPage {
  const { limit, starting_after, ending_before } = query;
  if (starting_after !== undefined && ending_before !== undefined) {
    const detail = 'Send one of starting_after and ending_before.';
    throw invalidQuery([
      { name: 'starting_after', detail },
      { name: 'ending_before', detail },
    ]);
  }
  const uuid = (name: string, id: string | undefined): string | null => {
    if (id === undefined) return null;
    const found = uuidOf(id);
    if (found === null) throw invalidCursor(name);
    return found;
  };
  return { limit, startingAfter: uuid('starting_after', starting_after), endingBefore: uuid('ending_before', ending_before) };
}

/** The refusal of a cursor that turned out to name nothing. */
export const unknownCursor = (query: PageQuery): Error =>
  invalidCursor(query.starting_after === undefined ? 'ending_before' : 'starting_after');
