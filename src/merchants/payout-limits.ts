import { pointerTo, type ProblemFinding } from '../platform/http/index.js';
import { type AmountFault, parseAmount, type StoredLimits } from '../platform/money/index.js';

/** The limits in canonical form, or every fault of them, with pointers below `/limits`. */
export function readLimits(given: Readonly<Record<string, unknown>>): {
  readonly limits: StoredLimits;
  readonly findings: readonly ProblemFinding[];
} {
  const findings: ProblemFinding[] = [];
  for (const member of Object.keys(given)) {
    if (member !== 'max_amount')
      findings.push({ pointer: pointerTo('/limits', member), code: 'unknown_field', detail: 'limits has max_amount only' });
  }
  const { max_amount } = given;
  if (max_amount === undefined || max_amount === null) return { limits: {}, findings };
  if (typeof max_amount !== 'object' || Array.isArray(max_amount)) {
    findings.push({
      pointer: '/limits/max_amount',
      code: 'invalid_field',
      detail: 'must be an object of amounts by currency, such as {"EUR": "10000.00"}',
    });
    return { limits: {}, findings };
  }
  const amounts: [string, string][] = [];
  for (const [currency, text] of Object.entries(max_amount)) {
    const amount = readMaximum(currency, text);
    if ('canonical' in amount) amounts.push([currency, amount.canonical]);
    else findings.push({ pointer: pointerTo('/limits/max_amount', currency), code: 'invalid_field', detail: amount.fault });
  }
  return { limits: { max_amount: Object.fromEntries(amounts) }, findings };
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
