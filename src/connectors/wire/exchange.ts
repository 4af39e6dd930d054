import type { LookupOutcome, SubmitOutcome } from '../connector.js';

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
  /** `code` is Node's, undici's or our own `DEADLINE`. */
  | { readonly kind: 'no_answer'; readonly code: string };

export type HttpAnswer = HttpExchange & { readonly kind: 'answer' };

/** The provider refuses our credentials, whatever was asked for. */
export const UNAUTHORIZED: ReadonlySet<number> = new Set([401, 403]);
/**
 * The faults after which it is certain that no byte of the request left: no connection was made, no address was found, or our
 * own pool was closed before. Everything else, connect timeouts and TLS faults too, is treated as if it may have left.
 */
const NOTHING_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CLOSED']);
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
