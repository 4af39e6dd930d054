import { pointerTo, type ProblemFinding } from '../platform/http/index.js';
import { formatAmount, parseSum } from '../platform/money/index.js';
import type { StoredTotal } from './bulk-event.js';
import { bulkProblem } from './bulk.problems.js';
import type { PayoutContent } from './payout-content.js';
import { readableAmount } from './payout-content.repository.js';

/** A member that is left out or null is not compared. */
export interface ControlTotals {
  readonly count?: number | null;
  readonly amounts?: Readonly<Record<string, unknown>> | null;
}

type Priced = Pick<PayoutContent, 'amount' | 'currency'>;

/** The readable amounts summed up per currency, in minor units. */
export function sumByCurrency(contents: readonly Priced[]): StoredTotal[] {
  const sums = new Map<string, { minor: bigint; count: number }>();
  for (const content of contents) {
    const amount = readableAmount(content);
    if (amount === null || content.currency === null) continue;
    const sum = sums.get(content.currency) ?? { minor: 0n, count: 0 };
    sums.set(content.currency, { minor: sum.minor + amount.minor, count: sum.count + 1 });
  }
  return [...sums]
    .map(([currency, { minor, count }]) => ({ currency, amount_minor: minor.toString(), count }))
    .sort((a, b) => a.currency.localeCompare(b.currency));
}

/**
 * Compares what the sender counted with what arrived, by value. Amounts that can not be read are left out of `amounts` and
 * counted in `count`; a currency that is not named must not occur.
 */
export function refuseWrongControlTotals(expected: ControlTotals | null, contents: readonly Priced[]): void {
  if (expected === null) return;
  const findings: ProblemFinding[] = [];
  const find = (pointer: string, detail: string): void => {
    findings.push({ pointer: `/control_totals${pointer}`, code: 'control_totals_mismatch', detail });
  };
  if (expected.count != null && expected.count !== contents.length) {
    find('/count', `The bulk has ${contents.length} items, the control total says ${expected.count}.`);
  }
  if (expected.amounts != null) {
    const sums = new Map(sumByCurrency(contents).map(({ currency, amount_minor }) => [currency, BigInt(amount_minor)]));
    for (const currency of new Set([...sums.keys(), ...Object.keys(expected.amounts)])) {
      const sum = sums.get(currency) ?? 0n;
      const given = expected.amounts[currency] ?? '0';
      const parsed = typeof given === 'string' ? parseSum(given, currency) : null;
      if (parsed !== null && 'minor' in parsed && parsed.minor === sum) continue;
      const shown = sums.has(currency) ? formatAmount(sum, currency) : 'nothing that can be read';
      find(pointerTo('/amounts', currency), `The items of this currency sum up to ${shown}.`);
    }
  }
  if (findings.length > 0) {
    throw bulkProblem('control_totals_mismatch', 'Nothing was stored: the control totals differ from the items.', {
      errors: findings,
    });
  }
}
