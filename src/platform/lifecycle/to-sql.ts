import { type Lifecycle, statesOf } from './define-lifecycle.js';

/** A list of our own words as SQL writes it. Never of what a request said: nothing is escaped. */
export const toSqlList = (words: readonly string[]): string => `(${words.map((word) => `'${word}'`).join(', ')})`;

/** The expression of the CHECK constraint that holds a column to the states of the table. */
export const toCheckConstraint = (lifecycle: Lifecycle): string =>
  `${lifecycle.stored.column} IN ${toSqlList(statesOf(lifecycle))}`;
