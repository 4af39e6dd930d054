import type { ProblemFinding } from '../platform/http/index.js';
import { bulkProblem } from './bulk.problems.js';
import { intakeItem } from './intake-item.js';
import type { Issue, PayoutContent } from './payout-content.js';
import { readableAmount } from './payout-content.repository.js';

/** An item that was taken in: it has a reference; everything else is validation's to judge. */
export interface IntakenItem {
  readonly reference: string;
  readonly content: PayoutContent;
  /** Canonical where it can be read, else as given. */
  readonly amount: string | null;
  readonly issues: readonly Issue[];
}

/** Findings listed in one refusal; the rest of a thousand equal ones would help nobody. */
const FINDINGS_MAX = 100;

/**
 * Takes in the items of a new bulk. The only faults that refuse it are those that leave a payout without a name: an item
 * that is no object, without a valid `reference`, or with one that stands in the bulk twice.
 * @throws Problem with a pointer to each such item.
 */
export function takeItems(values: readonly unknown[]): IntakenItem[] {
  const items: IntakenItem[] = [];
  const unnamed: ProblemFinding[] = [];
  const repeated: ProblemFinding[] = [];
  const positions = new Map<string, number>();
  values.forEach((value, position) => {
    const taken = intakeItem(value);
    if ('refusal' in taken) {
      unnamed.push({ ...taken.refusal, pointer: `/items/${position}${taken.refusal.pointer}` });
      return;
    }
    const first = positions.get(taken.reference);
    if (first !== undefined) {
      const detail = `Item ${first} of this bulk has the same reference; give each payout one of its own.`;
      repeated.push({ pointer: `/items/${position}/reference`, code: 'repeated_reference', detail });
      return;
    }
    positions.set(taken.reference, position);
    const { reference, content, issues } = taken;
    items.push({ reference, content, issues, amount: readableAmount(content)?.canonical ?? content.amount });
  });
  refuseUnnamed(unnamed, repeated);
  return items;
}

/** @throws `repeated_reference` where that is all there is to say, else `invalid_reference`. */
export function refuseUnnamed(unnamed: readonly ProblemFinding[], repeated: readonly ProblemFinding[]): void {
  const errors = [...unnamed, ...repeated].slice(0, FINDINGS_MAX);
  if (unnamed.length > 0)
    throw bulkProblem('invalid_reference', 'Nothing was written: these items have no valid reference.', { errors });
  if (repeated.length > 0)
    throw bulkProblem('repeated_reference', 'Nothing was written: these references stand in the request more than once.', {
      errors,
    });
}
