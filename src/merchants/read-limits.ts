import { pointerTo, type ProblemFinding } from '../platform/http/index.js';
import { isObject } from '../platform/json/index.js';
import { type AmountFault, parseAmount, type StoredLimits } from '../platform/money/index.js';

/** More than any merchant needs, and far from what an integer of the database can count. */
const COUNT_MAX = 1_000_000_000;

type Read = { readonly value: unknown } | { readonly findings: readonly ProblemFinding[] };

const READERS: Readonly<Record<keyof StoredLimits, (given: unknown, pointer: string) => Read>> = {
  max_amount: readAmounts,
  max_bulk_amount: readAmounts,
  max_daily_amount: readAmounts,
  max_open_bulks: readCount,
  max_waiting_payouts: readCount,
};

export const MERCHANT_LIMITS = Object.keys(READERS) as (keyof StoredLimits)[];
/** What passes through a connector is no merchant's bulk or day. */
export const CONNECTOR_LIMITS: readonly (keyof StoredLimits)[] = ['max_amount'];

/** The limits in canonical form, or every fault of them, with pointers below `/limits`. */
export function readLimits(
  given: Readonly<Record<string, unknown>>,
  known: readonly (keyof StoredLimits)[],
): { readonly limits: StoredLimits; readonly findings: readonly ProblemFinding[] } {
  const limits: Record<string, unknown> = {};
  const findings: ProblemFinding[] = [];
  for (const [member, value] of Object.entries(given)) {
    const name = known.find((each) => each === member);
    const pointer = pointerTo('/limits', member);
    if (name === undefined) findings.push({ pointer, code: 'unknown_field', detail: `limits has ${known.join(', ')} only` });
    else if (value !== null) {
      const read = READERS[name](value, pointer);
      if ('findings' in read) findings.push(...read.findings);
      else limits[name] = read.value;
    }
  }
  return { limits, findings };
}

const fault = (pointer: string, detail: string): ProblemFinding => ({ pointer, code: 'invalid_field', detail });

function readCount(given: unknown, pointer: string): Read {
  if (Number.isInteger(given) && Number(given) >= 1 && Number(given) <= COUNT_MAX) return { value: given };
  return { findings: [fault(pointer, `must be a whole number from 1 to ${COUNT_MAX}; pause the merchant to take nothing`)] };
}

function readAmounts(given: unknown, pointer: string): Read {
  if (!isObject(given)) {
    return { findings: [fault(pointer, 'must be an object of amounts by currency, such as {"EUR": "10000.00"}')] };
  }
  const amounts: [string, string][] = [];
  const findings: ProblemFinding[] = [];
  for (const [currency, text] of Object.entries(given)) {
    const amount = readMaximum(currency, text);
    if ('canonical' in amount) amounts.push([currency, amount.canonical]);
    else findings.push(fault(pointerTo(pointer, currency), amount.fault));
  }
  return findings.length > 0 ? { findings } : { value: Object.fromEntries(amounts) };
}

const FAULTS: Readonly<Record<AmountFault, string>> = {
  invalid_amount: 'must be a decimal string, such as "10000.00"',
  too_many_decimals: 'has more decimals than the currency',
  unknown_currency: 'is no ISO 4217 currency that can be paid',
};

function readMaximum(currency: string, text: unknown): { readonly canonical: string } | { readonly fault: string } {
  if (typeof text !== 'string') return { fault: FAULTS.invalid_amount };
  const amount = parseAmount(text, currency);
  if ('fault' in amount) return { fault: FAULTS[amount.fault] };
  return amount.minor === 0n
    ? { fault: 'must be above zero; pause the merchant to pay nothing' }
    : { canonical: amount.canonical };
}
