import type { EgressAnswer, EgressFault } from '../egress/egress.js';

/** What an attempt failed of, as a merchant reads it. `unwritable`: it was never made, and the fault is ours. */
export type AttemptFault = EgressFault | 'http_status' | 'redirect' | 'gone' | 'unwritable';

/** What follows from one attempt. */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly fault: AttemptFault; readonly delay_s: number }
  | { readonly kind: 'exhausted'; readonly fault: AttemptFault }
  /** 410: the receiver says itself that nobody listens there any more. */
  | { readonly kind: 'gone'; readonly fault: 'gone' };

export interface AttemptContext {
  /** Counted from 1, anew after a resend. */
  readonly attempt: number;
  /** Seconds to wait after each failure; as many retries as there are entries. */
  readonly schedule_s: readonly number[];
  readonly now: Date;
  /** In [0, 1). */
  readonly random: number;
}

/** Pauses are longer or shorter by up to this share, so that what failed together does not come back together. */
const JITTER = 0.2;
/** A receiver may ask for a longer pause, but not put an event off for ever. */
const RETRY_AFTER_MAX_S = 24 * 60 * 60;

/** Pure: what one attempt's answer means for the delivery. */
export function judgeAnswer(answer: EgressAnswer, context: AttemptContext): Verdict {
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return { kind: 'delivered' };
  if (answer.kind === 'answered' && answer.status === 410) return { kind: 'gone', fault: 'gone' };
  const fault = faultOf(answer);
  const pause_s = context.schedule_s[context.attempt - 1];
  if (pause_s === undefined) return { kind: 'exhausted', fault };
  const jittered_s = pause_s * (1 + JITTER * (2 * context.random - 1));
  return { kind: 'retry', fault, delay_s: Math.max(jittered_s, askedFor_s(answer, context.now)) };
}

/** A redirect is never followed: it would lead past what was vetted, and most clients would turn the POST into a GET. */
function faultOf(answer: EgressAnswer): AttemptFault {
  if (answer.kind === 'failed') return answer.fault;
  return answer.status >= 300 && answer.status < 400 ? 'redirect' : 'http_status';
}

/** `Retry-After` (RFC 9110 10.2.3), where the status gives it a meaning. It only delays. */
function askedFor_s(answer: EgressAnswer, now: Date): number {
  if (answer.kind === 'failed' || answer.retryAfter === null || (answer.status !== 429 && answer.status !== 503)) return 0;
  const text = answer.retryAfter.trim();
  const asked_s = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now.getTime()) / 1000;
  return Number.isNaN(asked_s) ? 0 : Math.min(Math.max(asked_s, 0), RETRY_AFTER_MAX_S);
}
