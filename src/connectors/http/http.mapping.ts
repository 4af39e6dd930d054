import { type AccountData, clearOfAccountData, cutToStorable } from '../account-data.js';
import type {
  CancelOutcome,
  ListedPayment,
  LookupOutcome,
  PaymentPage,
  ProviderPayment,
  ProviderStatus,
  SubmitOutcome,
} from '../connector.js';
import {
  type HttpExchange,
  notTaken,
  saidBy,
  shownBy,
  unanswered,
  UNAUTHORIZED,
  unavailable,
  unreadable,
} from '../wire/exchange.js';
import { failureOf, toFailure } from '../wire/failure.js';
import { isPaymentId, isPlainText, type JsonMembers, jsonObjectOf, membersOf, moneyOf } from '../wire/provider-json.js';

/** Definite refusals, in answer to the first send of a key and with a readable `code`. */
const REFUSALS = new Set([400, 404, 410, 413, 415, 422]);
/**
 * Words of codes by which providers refuse what they have seen before. Such a refusal is looked up first; where the word means
 * something else that costs one stale window, and the refusal is told all the same.
 */
const SPEAKS_OF_DUPLICATE = /duplicat|already|repeat|reused|idempoten|conflict/i;
/** The provider says that it has not looked at the request: the same key may be sent again. */
const BUSY = new Set([408, 425, 429, 503]);

const STATUSES: ReadonlySet<unknown> = new Set<ProviderStatus>(['pending', 'unclaimed', 'succeeded', 'failed', 'returned']);

/** What the answer to a POST means. Total: every status and every fault has a meaning, and none is an exception. */
export function toSubmitOutcome(exchange: HttpExchange, account: AccountData, now: Date): SubmitOutcome {
  if (exchange.kind === 'no_answer') return unanswered(exchange.code);
  const { status } = exchange;
  if (status >= 200 && status <= 299) {
    const payment = toPayment(jsonObjectOf(exchange.body), (text) => clearOfAccountData(text, account));
    return payment === null ? unreadable(exchange) : { kind: 'accepted', payment, httpStatus: status };
  }
  if (UNAUTHORIZED.has(status)) return notTaken('unauthorized', exchange, now);
  if (BUSY.has(status)) return notTaken('busy', exchange, now);
  if (REFUSALS.has(status)) {
    const refusal = jsonObjectOf(exchange.body);
    const code = refusal?.['code'];
    if (!isPlainText(code)) return unreadable(exchange);
    const failure = toFailure(
      { code, message: refusal?.['message'] },
      { isRetryable: () => refusal?.['retryable'] === true, clear: (text) => clearOfAccountData(text, account) },
    );
    return { kind: 'rejected', failure, ofDuplicate: SPEAKS_OF_DUPLICATE.test(failure.code), httpStatus: status };
  }
  if (status === 409)
    return { kind: 'unknown', detail: 'answered 409: the key was used before', httpStatus: status, unreadable: false };
  if (status >= 500) return { kind: 'unknown', detail: `answered ${status}`, httpStatus: status, unreadable: false };
  return unreadable(exchange);
}

/**
 * What the answer to a look-up by key means. Only a readable, complete list says anything: "none" lets the engine send
 * again, so an entry that can not be read, or that belongs to another key because the provider ignored the filter, makes
 * the whole answer unavailable.
 */
export function toLookupOutcome(exchange: HttpExchange, idempotencyKey: string): LookupOutcome {
  const shown = shownBy(exchange);
  if (shown.kind === 'unavailable') return shown;
  const list = shown.body['data'];
  if (!Array.isArray(list)) return unavailable('answered 200 without a readable list');
  const payments: ProviderPayment[] = [];
  for (const entry of list as unknown[]) {
    const member = membersOf(entry);
    const key = member?.['idempotency_key'];
    if (key !== undefined && key !== null && key !== idempotencyKey) return unavailable('the list has payments of other keys');
    const payment = toPayment(member, cutToStorable);
    if (payment === null) return unavailable('the list has an entry that can not be read');
    payments.push(payment);
  }
  const [first, ...rest] = payments;
  return first === undefined ? { kind: 'none' } : { kind: 'found', payments: [first, ...rest] };
}

/** A 4xx is the provider's no, but for those that say nothing about the payment: a key, a hurry. */
export function toCancelOutcome(exchange: HttpExchange): CancelOutcome {
  const detail = saidBy(exchange);
  if (exchange.kind === 'no_answer') return { kind: 'unavailable', detail };
  const { status } = exchange;
  if (status >= 200 && status <= 299) {
    const payment = toPayment(jsonObjectOf(exchange.body), cutToStorable);
    return payment === null
      ? { kind: 'unavailable', detail: `${detail} without a readable payment` }
      : { kind: 'answered', payment };
  }
  const refused = status >= 400 && status <= 499 && !UNAUTHORIZED.has(status) && !BUSY.has(status);
  return { kind: refused ? 'refused' : 'unavailable', detail };
}

/** No such route, no such query, no such cursor: the provider understood, and has nothing of the kind. */
const NO_LIST = new Set([400, 404, 405, 410, 422, 501]);

/**
 * What one page of the provider's list says. A page with an entry that can not be read says nothing: a payment that is left
 * out would be one that nobody compares.
 */
export function toPaymentPage(exchange: HttpExchange, cursor: string | null): PaymentPage {
  if (exchange.kind === 'answer' && NO_LIST.has(exchange.status)) return { kind: 'refused', detail: saidBy(exchange) };
  const shown = shownBy(exchange);
  if (shown.kind === 'unavailable') return shown;
  const entries = shown.body['data'];
  if (!Array.isArray(entries)) return unavailable('answered 200 without a readable list');
  const payments = (entries as unknown[]).map(toListedPayment);
  const readable = payments.filter((payment) => payment !== null);
  if (readable.length < payments.length) return unavailable('the list has an entry that can not be read');
  const next = shown.body['next_cursor'] ?? '';
  // Taken for the end of the list, it would hide all that follows.
  if (typeof next !== 'string') return unavailable('the list has a next_cursor that is no text');
  const nextCursor = next === '' ? null : next;
  if (nextCursor !== null && nextCursor === cursor) return unavailable('the list goes round in a circle');
  return { kind: 'page', payments: readable, nextCursor };
}

function toListedPayment(entry: unknown): ListedPayment | null {
  const member = membersOf(entry);
  const payment = toPayment(member, cutToStorable);
  const key = member?.['idempotency_key'];
  return payment === null ? null : { idempotencyKey: typeof key === 'string' ? cutToStorable(key) : null, payment };
}

/** One payment in the provider's words, or null where its id or its status can not be read. */
export function toPayment(entry: JsonMembers | null, clear: (text: string) => string): ProviderPayment | null {
  const id = entry?.['id'];
  const status = entry?.['status'];
  if (entry === null || !isPaymentId(id) || !isStatus(status)) return null;
  const reason = membersOf(entry['failure']);
  return {
    providerReference: id,
    status,
    failure: failureOf(
      { status, word: 'unspecified', code: reason?.['code'], message: reason?.['message'] },
      { provider: 'The provider', isRetryable: () => reason?.['retryable'] === true, clear },
    ),
    ...moneyOf(entry['amount'], entry['currency']),
    checkAfter_ms: null,
  };
}

const isStatus = (value: unknown): value is ProviderStatus => STATUSES.has(value);
