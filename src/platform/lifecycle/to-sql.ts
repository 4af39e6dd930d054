import { type Lifecycle, statesOf } from './define-lifecycle.js';

/** The expression of the CHECK constraint that holds a column to the states of the table. */
export const toCheckConstraint = (lifecycle: Lifecycle): string =>
  `${lifecycle.stored.column} IN (${statesOf(lifecycle)
    .map((state) => `'${state}'`)
    .join(', ')})`;
