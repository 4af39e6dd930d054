import { parseAmount } from '../../platform/money/index.js';
import { clearOfAccountData, cutToStorable, type AccountData } from '../account-data.js';
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

/** What became of one HTTP call: the only thing this file judges. */
export type HttpExchange =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly retryAfter: string | null;
      /** Null where it is cut, no UTF-8, or longer than we read. */
      readonly body: string | null;
      /** The body broke off, or was not at its end at the deadline. */
      readonly cut: boolean;
    }
  /** `code` is Node's, undici's or our own `DEADLINE`. */
  | { readonly kind: 'no_answer'; readonly code: string };

/** Definite refusals, in answer to the first send of a key and with a readable `code`. */
const REFUSALS = new Set([400, 404, 410, 413, 415, 422]);
/**
 * Words of codes by which providers refuse what they have seen before. Such a refusal is looked up first; where the word means
 * something else that costs one stale window, and the refusal is told all the same.
 */
const SPEAKS_OF_DUPLICATE = /duplicat|already|repeat|reused|idempoten|conflict/i;
const UNAUTHORIZED = new Set([401, 403]);
/** The provider says that it has not looked at the request: the same key may be sent again. */
const BUSY = new Set([408, 425, 429, 503]);
/**
 * The faults after which it is certain that no byte of the request left: no connection was made, no address was found, or our
 * own pool was closed before. Everything else, connect timeouts and TLS faults too, is treated as if it may have left.
 */
const NOTHING_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CLOSED']);

const STATUSES: ReadonlySet<unknown> = new Set<ProviderStatus>(['pending', 'unclaimed', 'succeeded', 'failed', 'returned']);
/** A day: longer than any key of ours is sent again, so a greater wish can not matter. */
const RETRY_AFTER_MAX_MS = 86_400_000;
/** An id is stored, indexed and shown; no provider's is near this. */
const ID_LENGTH_MAX = 255;
const CODE_LENGTH_MAX = 100;

/** What the answer to a POST means. Total: every status and every fault has a meaning, and none is an exception. */
export function toSubmitOutcome(exchange: HttpExchange, account: AccountData, now: Date): SubmitOutcome {
  if (exchange.kind === 'no_answer') {
    return NOTHING_SENT.has(exchange.code)
      ? {
          kind: 'not_taken',
          reason: 'unreachable',
          retryAfter_ms: null,
          detail: `not reached (${exchange.code})`,
          httpStatus: null,
        }
      : { kind: 'unknown', detail: `no answer (${exchange.code})`, httpStatus: null, unreadable: false };
  }
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
  if (entry === null || typeof id !== 'string' || !isPlainText(id) || id.length > ID_LENGTH_MAX || !isStatus(status)) return null;
  const ended = status === 'failed' || status === 'returned';
  const failure = ended ? toFailure(isObject(entry['failure']) ? entry['failure'] : null, clear) : null;
  return {
    providerReference: id,
    status,
    // A payment that failed without a reason has failed all the same.
    failure:
      failure ??
      (status === 'failed' ? { code: 'unspecified', message: 'The provider gave no reason.', retryable: false } : null),
    amount: amountOf(entry),
    currency: textOf(entry['currency']),
    checkAfter_ms: null,
  };
}

/** `Retry-After` in milliseconds, from seconds or an HTTP date (RFC 9110 section 10.2.3); null where it says nothing readable. */
export function retryAfter_ms(header: string | null, now: Date): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, RETRY_AFTER_MAX_MS);
  // Date.parse alone would read "-5" and "1.5" as dates.
  const at = /^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now.getTime(), 0), RETRY_AFTER_MAX_MS);
}

type HttpAnswer = HttpExchange & { readonly kind: 'answer' };
type JsonMembers = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonMembers => typeof value === 'object' && value !== null && !Array.isArray(value);
const isStatus = (value: unknown): value is ProviderStatus => STATUSES.has(value);
const isPlainText = (value: string): boolean => value.length > 0 && !/[\p{Cc}\p{Cs}]/u.test(value);

/** The object that a body is, or null. */
export function jsonObjectOf(body: string | null): JsonMembers | null {
  if (body === null) return null;
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function toFailure(body: JsonMembers | null, clear: (text: string) => string): Failure | null {
  const code = body?.['code'];
  if (body === null || typeof code !== 'string' || !isPlainText(code)) return null;
  const message = body['message'];
  return {
    code: cutToStorable(clear(code), CODE_LENGTH_MAX),
    message: typeof message === 'string' ? clear(message) : '',
    retryable: body['retryable'] === true,
  };
}

/** The amount in canonical form; one that has none is kept as it is, and will differ from ours. */
function amountOf(entry: JsonMembers): string | null {
  const [amount, currency] = [textOf(entry['amount']), textOf(entry['currency'])];
  if (amount === null || currency === null) return amount;
  const parsed = parseAmount(amount, currency);
  return 'canonical' in parsed ? parsed.canonical : amount;
}

/** What the provider repeats, as text: a number against the protocol is kept to be compared, never dropped. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return cutToStorable(typeof value === 'string' ? value : JSON.stringify(value));
}

/** A body that was cut says something of the network, not of what speaks there: it does not count towards the pause. */
const unreadable = ({ status, cut }: HttpAnswer): SubmitOutcome => ({
  kind: 'unknown',
  detail: cut ? `answered ${status}, and the body broke off` : `answered ${status} in a form that can not be read`,
  httpStatus: status,
  unreadable: !cut,
});

const unavailable = (detail: string, systemic = false): LookupOutcome => ({ kind: 'unavailable', detail, systemic });

function notTaken(reason: 'busy' | 'unauthorized', answer: HttpAnswer, now: Date): SubmitOutcome {
  const { status, retryAfter } = answer;
  return {
    kind: 'not_taken',
    reason,
    retryAfter_ms: retryAfter_ms(retryAfter, now),
    detail: `answered ${status}`,
    httpStatus: status,
  };
}
