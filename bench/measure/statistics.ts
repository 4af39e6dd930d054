/** What several rounds gave: one number would hide how much they differ. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/**
 * How good one is against the other, round by round: 1 is as good, 0.5 half as good, whether more is better or less.
 * Both of a round ran within seconds of each other, so what the machine did meanwhile weighs on both.
 */
export function ratioOf(values: readonly number[], reference: readonly number[], better: 'more' | 'less'): Spread {
  const ratios = values.flatMap((value, round) => {
    const other = reference[round];
    if (other === undefined) return [];
    return [better === 'more' ? value / other : other / value];
  });
  return spreadOf(ratios);
}

/** Draws that a seed repeats (mulberry32): the order of a run can be had again. @returns numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same elements in an order that is drawn (Fisher-Yates). */
export function shuffled<Element>(elements: readonly Element[], random: () => number): Element[] {
  const order = [...elements];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const drawn = Math.floor(random() * (last + 1));
    [order[last], order[drawn]] = [order[drawn] as Element, order[last] as Element];
  }
  return order;
}
