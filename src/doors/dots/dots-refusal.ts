import { type ForeignRefusal, jsonRefusal, Problem } from '../../platform/http/index.js';

/** Every refusal by its code: its status, and what it says where nothing more exact is known. */
const REFUSALS = {
  'invalid-input': [400, 'The request can not be taken as it is.'],
  unauthorized: [401, 'Send the id of an API key and the key, as Basic (RFC 7617).'],
  forbidden: [403, 'The key has not the scope that this takes.'],
  'not-found': [404, 'Nothing was found under this id for the key of this request.'],
  'method-not-allowed': [405, 'The path does not take this method.'],
  'request-timeout': [408, 'The request did not arrive in time.'],
  'resource-busy': [409, 'Another request is at it. Try again in a moment.'],
  'payload-too-large': [413, 'The body is too large.'],
  'unsupported-media-type': [415, 'The body has another media type than this takes.'],
  'rate-limited': [429, 'Too many requests. Retry-After says when it is worth another try.'],
  'internal-error': [500, 'Something went wrong here; the header Request-Id names the request.'],
  'service-unavailable': [503, 'It can not be answered now. Try again in a moment.'],
  'invalid-transaction': [409, 'It has gone too far for this.'],
  'idempotency-key-reused': [409, 'The idempotency_key was used with another request. Take a new one.'],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

type RefusalCode = keyof typeof REFUSALS;

/** The kernel's own refusals have one code for each status. */
const OF_KERNEL = new Map<number, RefusalCode>(
  Object.entries(REFUSALS)
    .map(([code, [status]]) => [status, code as RefusalCode] as const)
    .reverse(),
);

/** Of keys and routes the kernel speaks in the words of the native contract. */
const WORDED_NATIVELY: readonly RefusalCode[] = ['unauthorized', 'not-found'];

export const REFUSAL_STATUSES: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(REFUSALS).map(([code, [status]]) => [code, status]),
);

/** A refusal that the contract has a code for. */
export class DotsRefusal extends Problem {
  declare readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string = REFUSALS[code][1]) {
    super(code, { status: REFUSALS[code][0], title: code, meaning: REFUSALS[code][1] }, detail);
  }
}

export const invalidInput = (detail: string): DotsRefusal => new DotsRefusal('invalid-input', detail);

/** What does not exist and what belongs to somebody else is one answer. */
export const notFound = (): DotsRefusal => new DotsRefusal('not-found');

/** A refusal of ours or of the kernel as Dots writes it. */
export function dotsError(problem: Problem): ForeignRefusal {
  const own = problem instanceof DotsRefusal;
  const code = own ? problem.code : (OF_KERNEL.get(problem.definition.status) ?? 'invalid-input');
  const message = !own && WORDED_NATIVELY.includes(code) ? REFUSALS[code][1] : problem.detail;
  const [status] = REFUSALS[code];
  const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Basic' } : {};
  return jsonRefusal(problem, { status, body: { error_code: code, message }, headers });
}
