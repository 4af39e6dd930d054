import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bulkStatus, isCompleted, isValidated, milestonesReached, PAYOUT_STATUSES, type StatusCounts } from './bulk-status.js';
import type { PayoutStatus } from './payout.lifecycle.js';

const counts = (some: Partial<StatusCounts>): StatusCounts => ({
  ...(Object.fromEntries(PAYOUT_STATUSES.map((status) => [status, 0])) as StatusCounts),
  ...some,
});

/** The sentence of the contract (api.md section 2), over the payouts one by one instead of their counts. */
function byTheContract(payouts: readonly PayoutStatus[]): PayoutStatus {
  const alive = payouts.filter((status) => status !== 'CANCELLED');
  const all = (status: PayoutStatus): boolean => alive.every((one) => one === status);
  const any = (...statuses: readonly PayoutStatus[]): boolean => alive.some((one) => statuses.includes(one));
  if (alive.length === 0) return 'CANCELLED';
  if (all('VALIDATION_PENDING')) return 'VALIDATION_PENDING';
  if (any('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS')) return 'VALIDATION_IN_PROGRESS';
  if (any('PROCESSING_IN_PROGRESS')) return 'PROCESSING_IN_PROGRESS';
  if (any('PROCESSED', 'INTENT_CREATION_FAILED') && any('SCHEDULED')) return 'PROCESSING_IN_PROGRESS';
  if (any('SCHEDULED')) return 'SCHEDULED';
  if (any('VALIDATION_FAILED')) return 'VALIDATION_FAILED';
  return all('INTENT_CREATION_FAILED') ? 'INTENT_CREATION_FAILED' : 'PROCESSED';
}

const someCounts = fc
  .tuple(...PAYOUT_STATUSES.map(() => fc.integer({ min: 0, max: 3 })))
  .map((numbers) => Object.fromEntries(PAYOUT_STATUSES.map((status, index) => [status, numbers[index]])) as StatusCounts);

describe('the status of a bulk', () => {
  it('is the function of its payouts that the contract describes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PAYOUT_STATUSES), { minLength: 1, maxLength: 12 }), (payouts) => {
        const counted = counts({});
        const summed = payouts.reduce((sum, status) => ({ ...sum, [status]: sum[status] + 1 }), counted);
        expect(bulkStatus(summed)).toBe(byTheContract(payouts));
      }),
      { numRuns: 2_000 },
    );
  });

  it('goes on as PROCESSED where one was processed and the others were refused', () => {
    expect(bulkStatus(counts({ PROCESSED: 1, INTENT_CREATION_FAILED: 999 }))).toBe('PROCESSED');
  });
});

describe('the milestones of a bulk', () => {
  it('are told when they become true, and not again while they stay so', () => {
    const judged = counts({ SCHEDULED: 2, VALIDATION_FAILED: 1 });
    expect(milestonesReached(counts({ VALIDATION_IN_PROGRESS: 3 }), judged)).toEqual(['bulk.validated']);
    expect(milestonesReached(judged, counts({ SCHEDULED: 1, VALIDATION_FAILED: 2 }))).toEqual([]);
  });

  it('are told again after an edit has made them untrue', () => {
    const judged = counts({ SCHEDULED: 3 });
    const edited = counts({ SCHEDULED: 2, VALIDATION_PENDING: 1 });
    expect(milestonesReached(judged, edited)).toEqual([]);
    expect(milestonesReached(edited, judged)).toEqual(['bulk.validated']);
  });

  it('are three at once where the last waiting payout is cancelled with the rest', () => {
    expect(milestonesReached(counts({ VALIDATION_PENDING: 2 }), counts({ CANCELLED: 2 }))).toEqual([
      'bulk.validated',
      'bulk.cancelled',
      'bulk.completed',
    ]);
  });

  it('are exactly the conditions that hold after and did not before', () => {
    fc.assert(
      fc.property(someCounts, someCounts, (before, after) => {
        const reached = milestonesReached(before, after);
        expect(reached.includes('bulk.validated')).toBe(!isValidated(before) && isValidated(after));
        expect(reached.includes('bulk.completed')).toBe(!isCompleted(before) && isCompleted(after));
      }),
    );
  });
});
