import type { LookupOutcome, SubmitOutcome } from '../connector.js';
import { type JsonMembers, jsonObjectOf } from './provider-json.js';

/** What became of one HTTP call: the only thing that mappings judge. */
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
  /** `code` is Node's, undici's or our own: `DEADLINE`, `NOT_BEGUN`. */
  | { readonly kind: 'no_answer'; readonly code: string };

export type HttpAnswer = HttpExchange & { readonly kind: 'answer' };

/** The provider refuses our credentials, whatever was asked for. */
export const UNAUTHORIZED: ReadonlySet<number> = new Set([401, 403]);
/** The time was over before the call could begin. */
export const NOT_BEGUN = 'NOT_BEGUN';
/**
 * The faults after which it is certain that no byte of the request left: no connection was made, no address was found, our
 * own pool was closed before, or the call was not begun. Everything else, connect timeouts and TLS faults too, is treated as
 * if it may have left.
 */
const NOTHING_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CLOSED', NOT_BEGUN]);
/** Answers below 500 that say nothing of what was asked and by whom: another time, or after somebody else. */
export const ANOTHER_TIME: ReadonlySet<number> = new Set([408, 409, 425, 429]);
/** A day: longer than any wish can matter. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/** A send to which nobody answered. */
export const unanswered = (code: string): SubmitOutcome =>
  NOTHING_SENT.has(code)
    ? { kind: 'not_taken', reason: 'unreachable', retryAfter_ms: null, detail: `not reached (${code})`, httpStatus: null }
    : { kind: 'unknown', detail: `no answer (${code})`, httpStatus: null, unreadable: false };

/** A body that was cut says something of the network, not of what speaks there: it does not count towards the pause. */
export const unreadable = ({ status, cut }: HttpAnswer): SubmitOutcome => ({
  kind: 'unknown',
  detail: cut ? `answered ${status}, and the body broke off` : `answered ${status} in a form that can not be read`,
  httpStatus: status,
  unreadable: !cut,
});

export const unavailable = (detail: string, systemic = false): LookupOutcome & { readonly kind: 'unavailable' } => ({
  kind: 'unavailable',
  detail,
  systemic,
});

/** What an exchange came to, in a few words that hold nothing of its body. */
export const saidBy = (exchange: HttpExchange): string =>
  exchange.kind === 'answer' ? `answered ${exchange.status}` : `no answer (${exchange.code})`;

/** The object that a look was answered with, or that nothing can be said. */
export function shownBy(
  exchange: HttpExchange,
): { readonly kind: 'shown'; readonly body: JsonMembers } | ReturnType<typeof unavailable> {
  if (exchange.kind === 'no_answer') return unavailable(saidBy(exchange));
  const { status } = exchange;
  if (UNAUTHORIZED.has(status)) return unavailable(saidBy(exchange), true);
  if (status !== 200) return unavailable(saidBy(exchange));
  const body = jsonObjectOf(exchange.body);
  return body === null ? unavailable(`${saidBy(exchange)} in a form that can not be read`) : { kind: 'shown', body };
}

/** Of the answer to a call that has to go before every send: the next would fail alike. A wrong secret, or no such provider there. */
export const isSystemic = (why: HttpExchange): boolean =>
  why.kind === 'answer' && why.status < 500 && !ANOTHER_TIME.has(why.status);

/** Nothing was sent, because a call that has to go before did not give what is `missing`. */
export function withoutSend(missing: string, why: HttpExchange, now: Date): SubmitOutcome {
  const detail = `${missing}: ${saidBy(why)}`;
  if (why.kind === 'no_answer')
    return { kind: 'not_taken', reason: 'unreachable', retryAfter_ms: null, detail, httpStatus: null };
  return { ...notTaken(isSystemic(why) ? 'unauthorized' : 'busy', why, now), detail };
}

export function notTaken(
  reason: 'busy' | 'unauthorized',
  answer: HttpAnswer,
  now: Date,
): SubmitOutcome & { readonly kind: 'not_taken' } {
  const { status, retryAfter } = answer;
  return {
    kind: 'not_taken',
    reason,
    retryAfter_ms: retryAfter_ms(retryAfter, now),
    detail: `answered ${status}`,
    httpStatus: status,
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
