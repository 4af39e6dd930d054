import { type AccountData, clearOfAccountData, cutToStorable } from '../account-data.js';
import type {
  CancelOutcome,
  Failure,
  ListedPayment,
  LookupOutcome,
  PaymentPage,
  ProviderPayment,
  ProviderStatus,
  SubmitOutcome,
} from '../connector.js';
import { type HttpExchange, notTaken, unanswered, UNAUTHORIZED, unavailable, unreadable } from '../wire/exchange.js';
import { isObject, isPaymentId, isPlainText, type JsonMembers, jsonObjectOf, moneyOf } from '../wire/provider-json.js';

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
const CODE_LENGTH_MAX = 100;

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
    const failure = toFailure(jsonObjectOf(exchange.body), (text) => clearOfAccountData(text, account));
    if (failure === null) return unreadable(exchange);
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
  if (exchange.kind === 'no_answer') return unavailable(`no answer (${exchange.code})`);
  const { status } = exchange;
  if (UNAUTHORIZED.has(status)) return unavailable(`answered ${status}`, true);
  if (status !== 200) return unavailable(`answered ${status}`);
  const list = jsonObjectOf(exchange.body)?.['data'];
  if (!Array.isArray(list)) return unavailable('answered 200 without a readable list');
  const payments: ProviderPayment[] = [];
  for (const entry of list as unknown[]) {
    const member = isObject(entry) ? entry : null;
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
  if (exchange.kind === 'no_answer') return { kind: 'unavailable', detail: `no answer (${exchange.code})` };
  const { status } = exchange;
  const detail = `answered ${status}`;
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
  if (exchange.kind === 'no_answer') return { kind: 'unavailable', detail: `no answer (${exchange.code})` };
  const { status } = exchange;
  if (NO_LIST.has(status)) return { kind: 'refused', detail: `answered ${status}` };
  if (status !== 200) return { kind: 'unavailable', detail: `answered ${status}` };
  const body = jsonObjectOf(exchange.body);
  const entries: unknown = body?.['data'];
  if (!Array.isArray(entries)) return { kind: 'unavailable', detail: 'answered 200 without a readable list' };
  const payments = (entries as unknown[]).map(toListedPayment);
  const readable = payments.filter((payment) => payment !== null);
  if (readable.length < payments.length) return { kind: 'unavailable', detail: 'the list has an entry that can not be read' };
  const next = body?.['next_cursor'];
  const nextCursor = typeof next === 'string' && next !== '' ? next : null;
  if (nextCursor !== null && nextCursor === cursor) return { kind: 'unavailable', detail: 'the list goes round in a circle' };
  return { kind: 'page', payments: readable, nextCursor };
}

function toListedPayment(entry: unknown): ListedPayment | null {
  const member = isObject(entry) ? entry : null;
  const payment = toPayment(member, cutToStorable);
  const key = member?.['idempotency_key'];
  return payment === null ? null : { idempotencyKey: typeof key === 'string' ? cutToStorable(key) : null, payment };
}

/** One payment in the provider's words, or null where its id or its status can not be read. */
export function toPayment(entry: JsonMembers | null, clear: (text: string) => string): ProviderPayment | null {
  const id = entry?.['id'];
  const status = entry?.['status'];
  if (entry === null || !isPaymentId(id) || !isStatus(status)) return null;
  const ended = status === 'failed' || status === 'returned';
  const failure = ended ? toFailure(isObject(entry['failure']) ? entry['failure'] : null, clear) : null;
  return {
    providerReference: id,
    status,
    // A payment that failed without a reason has failed all the same.
    failure:
      failure ??
      (status === 'failed' ? { code: 'unspecified', message: 'The provider gave no reason.', retryable: false } : null),
    ...moneyOf(entry['amount'], entry['currency']),
    checkAfter_ms: null,
  };
}

const isStatus = (value: unknown): value is ProviderStatus => STATUSES.has(value);
function toFailure(body: JsonMembers | null, clear: (text: string) => string): Failure | null {
  const code = body?.['code'];
  if (body === null || !isPlainText(code)) return null;
  const message = body['message'];
  return {
    code: cutToStorable(clear(code), CODE_LENGTH_MAX),
    message: typeof message === 'string' ? clear(message) : '',
    retryable: body['retryable'] === true,
  };
}
