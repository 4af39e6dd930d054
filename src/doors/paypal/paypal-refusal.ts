import { type ForeignRefusal, jsonRefusal, Problem } from '../../platform/http/index.js';
import type { DetailDto, LinkDto } from './error.dto.js';

/** Every refusal by its name in PayPal's contract: its status, and what it says where nothing more exact is known. */
const REFUSALS = {
  BATCH_NOT_COMPLETED: [400, 'The item is still on its way.'],
  ITEM_ALREADY_CANCELLED: [400, 'The item has already been cancelled or returned.'],
  ITEM_CANCELLATION_FAILED: [400, 'The provider does not give the item back.'],
  ITEM_INCORRECT_STATUS: [400, 'Only unclaimed items can be cancelled.'],
  USER_BUSINESS_ERROR: [400, 'User business error.'],
  VALIDATION_ERROR: [400, 'Invalid request - see details.'],
  AUTHENTICATION_FAILURE: [401, 'The access token is missing, has ended, or stands for a key that is no longer valid.'],
  AUTHORIZATION_ERROR: [403, 'Authorization error.'],
  REQUIRED_SCOPE_MISSING: [403, 'The key has not the scope that this takes.'],
  SENDER_EMAIL_UNCONFIRMED: [403, 'The address of the sender is not confirmed.'],
  SYNC_MODE_NOT_APPLICABLE: [403, 'The synchronous mode is not available.'],
  INVALID_RESOURCE_ID: [404, 'Requested resource ID was not found.'],
  METHOD_NOT_SUPPORTED: [405, 'The path does not take this method.'],
  REQUEST_TIMED_OUT: [408, 'The request did not arrive in time.'],
  RESOURCE_CONFLICT: [409, 'The first request with this PayPal-Request-Id is still running.'],
  REQUEST_TOO_LARGE: [413, 'The body is too large.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body has another media type than this takes.'],
  INSUFFICIENT_FUNDS: [422, 'The account has not enough money for the batch.'],
  NON_HOLDING_CURRENCY: [422, 'The account holds no money in this currency.'],
  RATE_LIMIT_REACHED: [429, 'Too many requests. Retry-After says when it is worth another try.'],
  INTERNAL_ERROR: [500, 'Something went wrong here; debug_id names the request.'],
  SERVICE_UNAVAILABLE: [503, 'It can not be answered now. Try again in a moment.'],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

export type RefusalName = keyof typeof REFUSALS;

/** By status: what of the kernel's own refusals a client of PayPal knows under another name than VALIDATION_ERROR. */
const OF_KERNEL: Readonly<Record<number, RefusalName>> = {
  401: 'AUTHENTICATION_FAILURE',
  403: 'REQUIRED_SCOPE_MISSING',
  404: 'INVALID_RESOURCE_ID',
  405: 'METHOD_NOT_SUPPORTED',
  408: 'REQUEST_TIMED_OUT',
  409: 'RESOURCE_CONFLICT',
  413: 'REQUEST_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMIT_REACHED',
  500: 'INTERNAL_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

/** Of keys and routes the kernel speaks in the words of the native contract. */
const WORDED_NATIVELY: ReadonlySet<RefusalName> = new Set(['AUTHENTICATION_FAILURE', 'INVALID_RESOURCE_ID']);

export const REFUSAL_STATUSES: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(REFUSALS).map(([name, [status]]) => [name, status]),
);

/** A refusal that PayPal's contract has a name for. */
export class PaypalRefusal extends Problem {
  declare readonly code: RefusalName;

  constructor(
    name: RefusalName,
    readonly details: readonly DetailDto[] = [],
  ) {
    const [status, message] = REFUSALS[name];
    super(name, { status, title: name, meaning: message }, message);
  }
}

export const validationError = (details: readonly DetailDto[]): PaypalRefusal => new PaypalRefusal('VALIDATION_ERROR', details);

/** What does not exist and what belongs to somebody else is one answer. */
export const invalidResourceId = (): PaypalRefusal => new PaypalRefusal('INVALID_RESOURCE_ID');

export const linkTo = (href: string, rel: LinkDto['rel'] = 'self'): LinkDto => ({
  href,
  rel,
  method: 'GET',
  encType: 'application/json',
});

/** A refusal of ours or of the kernel as PayPal writes it. */
export function paypalError(problem: Problem, requestId: string): ForeignRefusal {
  const own = problem instanceof PaypalRefusal;
  const name = own ? problem.code : (OF_KERNEL[problem.definition.status] ?? 'VALIDATION_ERROR');
  const body = {
    name,
    message: WORDED_NATIVELY.has(name) ? REFUSALS[name][1] : problem.detail,
    debug_id: requestId,
    information_link: 'https://developer.paypal.com/docs/api/payments.payouts-batch/v1/#errors',
    details: own ? problem.details : (problem.options.errors ?? []).map(toDetail),
    links: [],
  };
  return jsonRefusal(problem, { status: REFUSALS[name][0], body });
}

const toDetail = ({ pointer, code, detail }: { pointer: string; code: string; detail: string }): DetailDto => ({
  field: fieldOf(pointer),
  location: 'body',
  issue: code.toUpperCase(),
  description: detail,
});

/** `/items/1/receiver` as `items[1].receiver`. */
const fieldOf = (pointer: string): string =>
  pointer
    .slice(1)
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.');
