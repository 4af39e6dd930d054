import { type AccountData, clearOfAccountData, cutToStorable } from '../account-data.js';
import type { CancelOutcome, Confirmation, LookupOutcome, ProviderPayment, ProviderStatus, SubmitOutcome } from '../connector.js';
import {
  type HttpAnswer,
  isSystemic,
  notTaken,
  saidBy,
  shownBy,
  unanswered,
  UNAUTHORIZED,
  unavailable,
  unreadable,
  withoutSend,
} from '../wire/exchange.js';
import { failureOf, wordOf } from '../wire/failure.js';
import {
  isPaymentId,
  isPlainText,
  type JsonMembers,
  jsonObjectOf,
  membersOf,
  moneyOf,
  objectsOf,
} from '../wire/provider-json.js';
import type { PaypalExchange } from './paypal.client.js';

/** `transaction_status` of an item. What is not here is a word that we do not know, and says nothing. */
const OF_ITEM: Readonly<Record<string, ProviderStatus>> = {
  SUCCESS: 'succeeded',
  FAILED: 'failed',
  PENDING: 'pending',
  UNCLAIMED: 'unclaimed',
  RETURNED: 'returned',
  // PayPal reviews it; it becomes something else.
  ONHOLD: 'pending',
  // Stopped for good, and the money never left the sender's account.
  BLOCKED: 'failed',
  // It was paid, and came back: the receiver sent it, or PayPal took it.
  REFUNDED: 'returned',
  REVERSED: 'returned',
};

/** `batch_status` where no item is shown yet. SUCCESS without an item says nothing of it. */
const OF_BATCH: Readonly<Record<string, ProviderStatus>> = {
  PENDING: 'pending',
  PROCESSING: 'pending',
  // "Denied, so they were not processed."
  DENIED: 'failed',
};

/**
 * Names of errors by which PayPal says for good that it did not take the batch; true: the same payout may go another time. Anything
 * else leaves open what it did. USER_BUSINESS_ERROR does so too: it is the answer to a key that was used, and to much else.
 */
const REFUSALS: Readonly<Record<string, boolean>> = {
  VALIDATION_ERROR: false,
  NON_HOLDING_CURRENCY: false,
  INSUFFICIENT_FUNDS: true,
};

const RATE_LIMIT_REACHED = 429;
const NO_TOKEN = 'no token';
/** The last part of the way to a batch. Only that is used: where links lead to is the configuration's to say. */
const BATCH_LINK = /\/v1\/payments\/payouts\/([A-Za-z0-9_-]{1,64})$/;

/** An earlier send of the key was taken: what became of it stands in this batch. */
export interface Repeated {
  readonly kind: 'repeated';
  readonly batchId: string;
}

/** What the answer to the creation of a batch means. Total: every status and every fault has a meaning, and none is an exception. */
export function toSubmitOutcome(exchange: PaypalExchange, account: AccountData, now: Date): SubmitOutcome | Repeated {
  if (exchange.kind === 'no_token') return withoutSend(NO_TOKEN, exchange.why, now);
  if (exchange.kind === 'no_answer') return unanswered(exchange.code);
  const { status } = exchange;
  if (status >= 200 && status <= 299) return toTaken(exchange);
  if (UNAUTHORIZED.has(status)) return notTaken('unauthorized', exchange, now);
  if (status === RATE_LIMIT_REACHED) return notTaken('busy', exchange, now);
  const error = errorOf(exchange);
  const batchId = error === null ? null : repeatedBatchOf(error);
  if (batchId !== null) return { kind: 'repeated', batchId };
  const name = error?.['name'];
  if (error !== null && typeof name === 'string' && Object.hasOwn(REFUSALS, name) && status < 500) {
    const failure = { code: name, message: clearOfAccountData(reasonOf(error), account), retryable: REFUSALS[name] === true };
    return { kind: 'rejected', failure, ofDuplicate: false, httpStatus: status };
  }
  // Whatever PayPal said there, it does not say that it did nothing: 408 and 503 neither.
  if (error === null && status < 500) return unreadable(exchange);
  return { kind: 'unknown', detail: `answered ${status}${wordOf(name)}`, httpStatus: status, unreadable: false };
}

/** What a look at a batch of ours says. @param key null where the caller does not know under which one it was sent. */
export function toReading(
  exchange: PaypalExchange,
  { batchId, key }: { readonly batchId: string; readonly key: string | null },
): Exclude<LookupOutcome, { kind: 'none' }> {
  if (exchange.kind === 'no_token') return unavailable(toldBy(exchange), isSystemic(exchange.why));
  const shown = shownBy(exchange);
  if (shown.kind === 'unavailable') return shown;
  const header = membersOf(shown.body['batch_header']);
  const sentUnder = membersOf(header?.['sender_batch_header'])?.['sender_batch_id'];
  if (header?.['payout_batch_id'] !== batchId || (key !== null && sentUnder !== key))
    return unavailable('it showed another batch');
  const items: unknown = shown.body['items'] ?? [];
  if (!Array.isArray(items) || items.length > 1) return unavailable('a batch of ours has one item');
  const payment = items.length === 0 ? withoutItem(batchId, header) : paymentOf(batchId, membersOf(items[0]), cutToStorable);
  return payment === null ? unavailable('the batch can not be read') : { kind: 'found', payments: [payment] };
}

/** The id of the one item of a batch that was read, or null. */
export function itemIdOf(exchange: PaypalExchange): string | null {
  if (exchange.kind !== 'answer') return null;
  const items: unknown = jsonObjectOf(exchange.body)?.['items'];
  const id = Array.isArray(items) ? membersOf(items[0])?.['payout_item_id'] : null;
  return isPaymentId(id) ? id : null;
}

/** It is no longer to be claimed: what it has become is to be read. */
const NOT_UNCLAIMED: ReadonlySet<unknown> = new Set(['ITEM_ALREADY_CANCELLED', 'ITEM_INCORRECT_STATUS']);
const NOT_GIVEN_BACK: ReadonlySet<unknown> = new Set(['ITEM_CANCELLATION_FAILED', 'INVALID_RESOURCE_ID']);

/** What the answer to the cancellation of an item means; `decided`: the batch says what has become of it. */
export function toCancelOutcome(exchange: PaypalExchange, batchId: string): CancelOutcome | { readonly kind: 'decided' } {
  if (exchange.kind !== 'answer') return { kind: 'unavailable', detail: toldBy(exchange) };
  if (exchange.status === 200) {
    const payment = paymentOf(batchId, jsonObjectOf(exchange.body), cutToStorable);
    return payment === null ? { kind: 'decided' } : { kind: 'answered', payment };
  }
  const name = errorOf(exchange)?.['name'];
  if (NOT_UNCLAIMED.has(name)) return { kind: 'decided' };
  return { kind: NOT_GIVEN_BACK.has(name) ? 'refused' : 'unavailable', detail: `${saidBy(exchange)}${wordOf(name)}` };
}

/** What PayPal says of a webhook that was shown to it. With a 400 it says that the webhook has not even the form of one of its own. */
export function toConfirmation(exchange: PaypalExchange): Confirmation {
  if (exchange.kind !== 'answer') return 'unavailable';
  if (exchange.status === 400) return 'forged';
  const word = exchange.status === 200 ? jsonObjectOf(exchange.body)?.['verification_status'] : null;
  if (word === 'SUCCESS') return 'genuine';
  return word === 'FAILURE' ? 'forged' : 'unavailable';
}

/** The answer to a creation shows no item: that it was taken is all that it says. */
function toTaken(exchange: HttpAnswer): SubmitOutcome {
  const header = membersOf(jsonObjectOf(exchange.body)?.['batch_header']);
  const id = header?.['payout_batch_id'];
  if (!isPaymentId(id)) return unreadable(exchange);
  return {
    kind: 'accepted',
    payment: { ...NOTHING_REPEATED, providerReference: id, status: 'pending' },
    httpStatus: exchange.status,
  };
}

/** The batch that stands in the way, where the error leads to one. */
function repeatedBatchOf(error: JsonMembers): string | null {
  if (error['name'] !== 'USER_BUSINESS_ERROR') return null;
  const places = [error, ...objectsOf(error['details'])];
  const links = places.flatMap((place) => [...objectsOf(place['link']), ...objectsOf(place['links'])]);
  const ids = links.map(({ href }) => (typeof href === 'string' ? BATCH_LINK.exec(href)?.[1] : undefined));
  return ids.find((id) => id !== undefined) ?? null;
}

/** The item as the batch or a cancellation shows it; null where it can not be read. */
function paymentOf(batchId: string, item: JsonMembers | null, clear: (text: string) => string): ProviderPayment | null {
  const word = item?.['transaction_status'];
  const status = typeof word === 'string' && Object.hasOwn(OF_ITEM, word) ? OF_ITEM[word] : undefined;
  if (item === null || typeof word !== 'string' || status === undefined || item['payout_batch_id'] !== batchId) return null;
  const amount = membersOf(membersOf(item['payout_item'])?.['amount']);
  return {
    providerReference: batchId,
    status,
    failure: failureOf({ status, word, ...reasonIn(membersOf(item['errors'])) }, { ...REASONS, clear }),
    ...moneyOf(amount?.['value'], amount?.['currency']),
    checkAfter_ms: null,
  };
}

function withoutItem(batchId: string, header: JsonMembers): ProviderPayment | null {
  const word = header['batch_status'];
  const status = typeof word === 'string' && Object.hasOwn(OF_BATCH, word) ? OF_BATCH[word] : undefined;
  if (typeof word !== 'string' || status === undefined) return null;
  return {
    ...NOTHING_REPEATED,
    providerReference: batchId,
    status,
    failure: failureOf({ status, word, ...reasonIn(null) }, { ...REASONS, clear: cutToStorable }),
  };
}

const NOTHING_REPEATED = { failure: null, amount: null, currency: null, checkAfter_ms: null } as const;

const REASONS = { provider: 'PayPal', isRetryable: (name: string) => REFUSALS[name] === true };

const reasonIn = (errors: JsonMembers | null) => ({ code: errors?.['name'], message: errors?.['message'] });

const errorOf = ({ body }: HttpAnswer): JsonMembers | null => {
  const error = jsonObjectOf(body);
  return isPlainText(error?.['name']) ? error : null;
};

/** The message of an error and what is wrong in each place: "Invalid request" alone helps nobody. */
const reasonOf = (error: JsonMembers): string =>
  [messageOf(error), ...objectsOf(error['details']).map(({ field, issue }) => [field, issue].filter(isPlainText).join(': '))]
    .filter((text) => text !== '')
    .join(' ');

const messageOf = ({ message }: JsonMembers): string => (typeof message === 'string' ? message : '');

const toldBy = (exchange: PaypalExchange): string =>
  exchange.kind === 'no_token' ? `${NO_TOKEN}: ${saidBy(exchange.why)}` : saidBy(exchange);
