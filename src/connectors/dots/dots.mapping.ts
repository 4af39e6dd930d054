import { formatAmount } from '../../platform/money/index.js';
import { type AccountData, clearOfAccountData, cutToStorable } from '../account-data.js';
import type { ListedPayment, LookupOutcome, PaymentPage, ProviderPayment, ProviderStatus, SubmitOutcome } from '../connector.js';
import {
  ANOTHER_TIME,
  type HttpAnswer,
  type HttpExchange,
  notTaken,
  saidBy,
  shownBy,
  unanswered,
  UNAUTHORIZED,
  unavailable,
  unreadable,
  withoutSend,
} from '../wire/exchange.js';
import { failureOf, toFailure, wordOf } from '../wire/failure.js';
import {
  isObject,
  isPaymentId,
  isPlainText,
  type JsonMembers,
  jsonObjectOf,
  membersOf,
  moneyOf,
  objectsOf,
} from '../wire/provider-json.js';

/** `transfer.status` of an item. What is not here is a word that we do not know, and says nothing. */
const OF_TRANSFER: Readonly<Record<string, ProviderStatus>> = {
  created: 'pending',
  pending: 'pending',
  // Dots reviews it; it becomes something else.
  flagged: 'pending',
  completed: 'succeeded',
  failed: 'failed',
  // Stopped before it was paid; what had been set aside for it goes back to the sender.
  canceled: 'failed',
  // It was paid, and came back.
  reversed: 'returned',
};

/** `status` of a batch whose item has neither a transfer nor an error yet. `completed` says nothing of such an item. */
const ON_ITS_WAY: ReadonlySet<unknown> = new Set(['created', 'pending', 'processing', 'paying_out']);

/**
 * Codes by which Dots says for good that it does not take a batch (https://docs.dots.dev/references/error-codes); true: the
 * same payout may go another time. `service-unavailable` and `resource-busy` leave open what it did.
 */
const REFUSALS: Readonly<Record<string, boolean>> = {
  'invalid-input': false,
  'invalid-transaction': false,
  'invalid-email': false,
  'invalid-phone-number': false,
  'invalid-phone-number-voip': false,
  'invalid-phone-number-landline': false,
  'user-info-missing': false,
  'user-info-missing-cash-app': false,
  'user-info-missing-contact': false,
  'app-info-missing': false,
  'transaction-insufficient-funds': true,
};
const isRetryable = (code: string): boolean =>
  REFUSALS[code] === true || code === 'service-unavailable' || code === 'resource-busy';

const WRONG_PLACE: ReadonlySet<number> = new Set([404, 405]);
const TOO_MANY_REQUESTS = 429;
const REQUEST_TIMEOUT = 408;

/** What Dots was asked for before the batch, and did not give: nothing has been sent. */
export interface NoPayee {
  readonly missing: 'no user' | 'no payout method';
  readonly why: HttpExchange;
}

/** An answer below 500 that is no yes. Whether Dots has the batch all the same stands in its list. */
export interface Refused {
  readonly kind: 'refused';
  /** What it means where the list has nothing under the key. */
  readonly otherwise: SubmitOutcome;
}

/** What the answer to the creation of a batch means. Total: every status and every fault has a meaning, and none is an exception. */
export function toSubmitOutcome(
  exchange: HttpExchange,
  { key, account, now }: { readonly key: string; readonly account: AccountData; readonly now: Date },
): SubmitOutcome | Refused {
  if (exchange.kind === 'no_answer') return unanswered(exchange.code);
  const { status } = exchange;
  if (status >= 200 && status <= 299) return toTaken(exchange, key);
  if (UNAUTHORIZED.has(status)) return notTaken('unauthorized', exchange, now);
  if (status === TOO_MANY_REQUESTS) return notTaken('busy', exchange, now);
  const error = errorOf(exchange);
  if (error === null && status < 500) return unreadable(exchange);
  // Whatever Dots said there, it does not say that it did nothing.
  const unknown = { kind: 'unknown', detail: toldBy(exchange), httpStatus: status, unreadable: false } as const;
  if (error === null || status >= 500 || status === REQUEST_TIMEOUT) return unknown;
  const isDefinite = Object.hasOwn(REFUSALS, error.code);
  return { kind: 'refused', otherwise: isDefinite ? rejected(exchange, error, account) : unknown };
}

/** What it means that there is nobody to name in a batch: nothing was sent, and a readable no is one to this receiver. */
export function toOutcomeWithoutPayee({ missing, why }: NoPayee, account: AccountData, now: Date): SubmitOutcome {
  const error = why.kind === 'answer' && isToReceiver(missing, why.status) ? errorOf(why) : null;
  return why.kind === 'no_answer' || error === null ? withoutSend(missing, why, now) : rejected(why, error, account);
}

/** Where nobody takes users, nobody is there, or another than Dots: that is no fault of whoever was to be one. */
const isToReceiver = (missing: NoPayee['missing'], status: number): boolean =>
  status >= 400 &&
  status <= 499 &&
  !UNAUTHORIZED.has(status) &&
  !ANOTHER_TIME.has(status) &&
  !(missing === 'no user' && WRONG_PLACE.has(status));

/** The id that Dots gives what it was asked to make, or null. */
export function idIn(exchange: HttpExchange): string | null {
  if (exchange.kind === 'no_answer' || exchange.status < 200 || exchange.status > 299) return null;
  const id = jsonObjectOf(exchange.body)?.['id'];
  return isPaymentId(id) ? id : null;
}

/** What a look at the results of a batch of ours says. */
export function toReading(exchange: HttpExchange, batchId: string): Exclude<LookupOutcome, { kind: 'none' }> {
  const shown = shownBy(exchange);
  if (shown.kind === 'unavailable') return shown;
  if (shown.body['id'] !== batchId) return unavailable('it showed another batch');
  const items = objectsOf(shown.body['items']);
  const [item] = items;
  if (item === undefined || items.length > 1) return unavailable('a batch of ours has one item');
  const payment = paymentOf(shown.body, batchId, item);
  return payment === null ? unavailable('the item can not be read') : { kind: 'found', payments: [payment] };
}

/** No such route, or no such batch to start after. */
const NO_LIST: ReadonlySet<number> = new Set([400, 404]);

/**
 * What one page of the batches of an app says of those of this connector; others of the same app are none of our business. They
 * come newest first, and one that can not be read makes the page say nothing.
 */
export function toPaymentPage(
  exchange: HttpExchange,
  { connectorId, createdAfter }: { readonly connectorId: string; readonly createdAfter: Date },
): PaymentPage {
  if (exchange.kind === 'answer' && NO_LIST.has(exchange.status)) return { kind: 'refused', detail: saidBy(exchange) };
  const shown = shownBy(exchange);
  if (shown.kind === 'unavailable') return shown;
  const { data, has_more } = shown.body;
  if (!Array.isArray(data) || typeof has_more !== 'boolean') return unavailable('answered 200 without a readable list');
  const batches = data.map((entry: unknown) => listedOf(membersOf(entry)));
  const readable = batches.filter((batch) => batch !== null);
  if (readable.length < batches.length) return unavailable('the list has an entry that can not be read');
  const young = readable.filter(({ created }) => created >= createdAfter.getTime());
  const last = readable.at(-1);
  const goesOn = has_more && last !== undefined && young.includes(last);
  const payments = young.filter(({ madeBy }) => madeBy === connectorId).map(({ listed }) => listed);
  return { kind: 'page', payments, nextCursor: goesOn ? last.listed.payment.providerReference : null };
}

interface ListedBatch {
  readonly created: number;
  readonly madeBy: unknown;
  readonly listed: ListedPayment;
}

function listedOf(batch: JsonMembers | null): ListedBatch | null {
  const [id, created, key] = [batch?.['id'], batch?.['created'], batch?.['idempotency_key']];
  const at = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  if (batch === null || !isPaymentId(id) || Number.isNaN(at)) return null;
  const listed = { idempotencyKey: isPlainText(key) ? key : null, payment: receiptOf(id, batch) };
  return { created: at, madeBy: metadataOf(batch)?.['tranche'], listed };
}

/** The answer to a creation shows no item: that it was taken is all that it says, now or when the key came for the first time. */
function toTaken(exchange: HttpAnswer, key: string): SubmitOutcome {
  const batch = jsonObjectOf(exchange.body);
  const id = batch?.['id'];
  if (batch === null || !isPaymentId(id) || batch['idempotency_key'] !== key) return unreadable(exchange);
  return { kind: 'accepted', payment: receiptOf(id, batch), httpStatus: exchange.status };
}

/** With the amount that was asked for when the key came for the first time. */
function receiptOf(id: string, batch: JsonMembers): ProviderPayment {
  const asked = metadataOf(batch);
  const money = moneyOf(asked?.['amount'], asked?.['currency']);
  return { providerReference: id, status: 'pending', failure: null, ...money, checkAfter_ms: null };
}

/** An object, which some of Dots' examples write as text. */
const metadataOf = ({ metadata }: JsonMembers): JsonMembers | null =>
  isObject(metadata) ? metadata : jsonObjectOf(typeof metadata === 'string' ? metadata : null);

/** The one item of a batch; null where it can not be read. */
function paymentOf(batch: JsonMembers, batchId: string, item: JsonMembers): ProviderPayment | null {
  const { error_code: code, error_message: message, request } = item;
  const word = wordFor(batch, item);
  const status = word === null ? null : statusOf(word);
  if (word === null || status === null) return null;
  return {
    providerReference: batchId,
    status,
    failure: failureOf({ status, word, code, message }, { provider: 'Dots', isRetryable, clear: cutToStorable }),
    ...dollarsOf(membersOf(request)?.['amount']),
    checkAfter_ms: null,
  };
}

/** How the item stands, in the words for transfers: one without a transfer was never sent where it has an error. */
function wordFor(batch: JsonMembers, { transfer, error_code }: JsonMembers): string | null {
  if (isObject(transfer)) return isPlainText(transfer['status']) ? transfer['status'] : null;
  if (transfer !== null && transfer !== undefined) return null;
  if (isPlainText(error_code)) return 'failed';
  return ON_ITS_WAY.has(batch['status']) ? 'pending' : null;
}

const statusOf = (word: string): ProviderStatus | null =>
  (Object.hasOwn(OF_TRANSFER, word) ? OF_TRANSFER[word] : undefined) ?? null;

/** Nothing where Dots does not repeat the request; what is no number of cents is kept as it is, and will differ. */
const dollarsOf = (cents: unknown) => {
  if (cents === undefined || cents === null) return { amount: null, currency: null };
  const isExact = typeof cents === 'number' && Number.isSafeInteger(cents);
  return moneyOf(isExact ? formatAmount(BigInt(cents), 'USD') : cents, 'USD');
};

interface DotsError {
  readonly code: string;
  readonly message: unknown;
}

function errorOf({ body }: HttpAnswer): DotsError | null {
  const error = jsonObjectOf(body);
  const code = error?.['error_code'];
  return isPlainText(code) ? { code, message: error?.['message'] } : null;
}

const toldBy = (answer: HttpAnswer): string => `${saidBy(answer)}${wordOf(errorOf(answer)?.code)}`;

const rejected = ({ status }: HttpAnswer, error: DotsError, account: AccountData): SubmitOutcome => ({
  kind: 'rejected',
  failure: toFailure(error, { isRetryable, clear: (text) => clearOfAccountData(text, account) }),
  ofDuplicate: false,
  httpStatus: status,
});
