/**
 * `= ANY` of a list, of which the server keeps one plan for each connection. Of a plain `= ANY ($1)` it makes a new one each time,
 * since a list that it sees looks cheaper than one that it does not: for a payout that is due alone that costs more than running it.
 */
export const anyOf = (parameter: `$${number}`, type: 'uuid' | 'text' = 'uuid'): string =>
  `ANY (ARRAY (SELECT unnest(${parameter}::${type}[])))`;
