import { lengthOf } from '../../platform/text/index.js';
import type { IntentRequest } from '../connector.js';

/**
 * What PayPal holds and sends (https://developer.paypal.com/api/rest/reference/currency-codes/). Which of them an account may
 * send is between it and PayPal; the operator narrows the list.
 */
export const CURRENCIES = [
  ...['AUD', 'BRL', 'CAD', 'CHF', 'CNY', 'CZK', 'DKK', 'EUR', 'GBP', 'HKD', 'HUF', 'ILS', 'JPY'],
  ...['MXN', 'MYR', 'NOK', 'NZD', 'PHP', 'PLN', 'SEK', 'SGD', 'THB', 'TWD', 'USD'],
];
/** The same page: PayPal takes no decimals of these, though two of them have some. */
const WITHOUT_DECIMALS: ReadonlySet<string> = new Set(['HUF', 'JPY', 'TWD']);

const ITEM_ID_LENGTH_MAX = 63;

/** The members of our `paypal` method that name a receiver, by PayPal's word for them. */
const RECIPIENTS = [
  ['EMAIL', 'email'],
  ['PHONE', 'phone_number'],
  ['PAYPAL_ID', 'paypal_id'],
] as const;

/**
 * The batch of one item that carries a payout, or null where its method names no receiver that PayPal has a word for. The same
 * request gives the same batch, whoever sends it and when: its `sender_batch_id` is our key, and PayPal takes one once in 30 days.
 */
export function toBatch(request: IntentRequest): object | null {
  const { idempotencyKey, intentId, reference, amount, currency, payoutMethod } = request;
  const recipient = RECIPIENTS.find(([, member]) => typeof payoutMethod[member] === 'string');
  if (payoutMethod['type'] !== 'paypal' || recipient === undefined) return null;
  const [recipient_type, member] = recipient;
  return {
    sender_batch_header: { sender_batch_id: idempotencyKey },
    items: [
      {
        recipient_type,
        receiver: payoutMethod[member],
        amount: { currency, value: WITHOUT_DECIMALS.has(currency) ? amount.replace(/\.0+$/, '') : amount },
        // What an accountant looks for in PayPal's reports; where it is too long for them, what we look for.
        sender_item_id: lengthOf(reference) <= ITEM_ID_LENGTH_MAX ? reference : intentId,
      },
    ],
  };
}
