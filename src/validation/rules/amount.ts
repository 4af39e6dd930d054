import type { Issue } from '../../bulks/index.js';
import { decimalsOf, formatAmount, hasAmountForm } from '../../platform/money/index.js';
import { quote, type Rule } from '../rule.js';

/** The amount is a positive decimal string with no more decimals than its currency, within the limits. */
export const amountRule: Rule = ({ content, amount }, { limits }) => {
  if (content.amount === null || amount === null)
    return [issue('missing_field', 'Give the amount as a decimal string, such as "120.50".')];
  if ('fault' in amount) return unreadable(content.amount, content.currency ?? '');
  if (amount.minor === 0n) return [issue('amount_not_positive', 'Send an amount above zero.')];
  const max = limits.get(content.currency ?? '');
  if (max === undefined || amount.minor <= max) return [];
  const most = formatAmount(max, content.currency ?? '');
  return [
    issue(
      'amount_over_limit',
      `Send at most ${most} ${content.currency ?? ''} in one payout, or split it; the operator sets this limit.`,
    ),
  ];
};

function unreadable(text: string, currency: string): Issue[] {
  if (!hasAmountForm(text)) {
    const detail = `${quote(text)} is no amount; write 1 to 15 digits, and a point before decimals, without sign, spaces or separators: "120.50".`;
    return [issue('invalid_amount', detail)];
  }
  const places = decimalsOf(currency);
  const fraction = text.split('.')[1] ?? '';
  // The currency is at fault, and its own rule says so.
  if (places === undefined || fraction.length <= places) return [];
  const most = places === 0 ? 'has no decimals' : `has at most ${places} decimals`;
  return [issue('too_many_decimals', `${quote(text)} has ${fraction.length} decimals; ${currency} ${most}.`)];
}

const issue = (code: Issue['code'], detail: string): Issue => ({ code, pointer: '/amount', detail });
