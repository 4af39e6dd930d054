import type { Failure, IntentRequest, ProviderStatus } from '../connector.js';

export type FateName =
  | 'succeeds'
  | 'succeeds_later'
  | 'refused_account_closed'
  | 'refused_limit_exceeded'
  | 'fails_later'
  | 'returned_later'
  | 'never_answers'
  | 'answers_500'
  | 'slow'
  | 'busy_twice'
  | 'refused_user_action_required'
  | 'stays_pending'
  | 'unclaimed';

/** What becomes of one payment intent at the sandbox. */
export interface Fate {
  /** Set where it is turned away for good and never taken. */
  readonly refusal: Failure | null;
  /** How many sends of its key are answered 429 before one is taken. */
  readonly busyAnswers: number;
  /** How the send that is taken is answered; every later send of the key is answered at once. */
  readonly answer: 'at_once' | 'slow' | 'error' | 'never';
  readonly first: ProviderStatus;
  readonly later: { readonly after_ms: number; readonly status: ProviderStatus; readonly failure: Failure | null } | null;
}

const AFTER_MS = 1_000;
const PLAIN: Fate = { refusal: null, busyAnswers: 0, answer: 'at_once', first: 'succeeded', later: null };

const failure = (code: string, message: string, retryable = false): Failure => ({ code, message, retryable });

const CANCELLED = failure('cancelled_by_sender', 'It was taken back before anybody claimed it.');

export const FATES: Readonly<Record<FateName, Fate>> = {
  succeeds: PLAIN,
  succeeds_later: { ...PLAIN, first: 'pending', later: { after_ms: AFTER_MS, status: 'succeeded', failure: null } },
  refused_account_closed: { ...PLAIN, refusal: failure('account_closed', 'The account of the receiver is closed.') },
  refused_limit_exceeded: { ...PLAIN, refusal: failure('limit_exceeded', 'The limit of the day is used up.', true) },
  fails_later: {
    ...PLAIN,
    first: 'pending',
    later: { after_ms: AFTER_MS, status: 'failed', failure: failure('receiver_blocked', 'The receiver is blocked.') },
  },
  returned_later: {
    ...PLAIN,
    later: {
      after_ms: AFTER_MS,
      status: 'returned',
      failure: failure('returned_by_bank', 'The bank of the receiver sent it back.'),
    },
  },
  never_answers: { ...PLAIN, answer: 'never' },
  answers_500: { ...PLAIN, answer: 'error' },
  slow: { ...PLAIN, answer: 'slow' },
  busy_twice: { ...PLAIN, busyAnswers: 2 },
  refused_user_action_required: {
    ...PLAIN,
    refusal: failure('user_action_required', 'The receiver has to confirm an agreement first.'),
  },
  stays_pending: { ...PLAIN, first: 'pending' },
  unclaimed: { ...PLAIN, first: 'unclaimed' },
};

const FATE_BY_DIGITS: Readonly<Record<string, FateName | undefined>> = {
  '9001': 'succeeds_later',
  '9002': 'refused_account_closed',
  '9003': 'refused_limit_exceeded',
  '9004': 'fails_later',
  '9005': 'returned_later',
  '9006': 'never_answers',
  '9007': 'answers_500',
  '9008': 'slow',
  '9009': 'busy_twice',
  '9010': 'refused_user_action_required',
  '9011': 'stays_pending',
  '9012': 'unclaimed',
};

/**
 * The last four digits of the amount in minor units choose (a canonical amount has all its decimals, so its digits are the
 * minor units). An amount that chooses nothing succeeds, unless its PayPal receiver is nobody that the sandbox knows.
 */
export function fateOf(request: Pick<IntentRequest, 'amount' | 'payoutMethod'>): FateName {
  const chosen = FATE_BY_DIGITS[request.amount.replace('.', '').slice(-4)];
  return chosen ?? (isKnownReceiver(request.payoutMethod) ? 'succeeds' : 'unclaimed');
}

/** What a payment says of itself at this age, or after it was taken back, and in how many milliseconds it will say something else. */
export function stateAt(
  name: FateName,
  age_ms: number,
  cancelled = false,
): { status: ProviderStatus; failure: Failure | null; checkAfter_ms: number | null } {
  const { first, later } = FATES[name];
  if (cancelled) return { status: 'returned', failure: CANCELLED, checkAfter_ms: null };
  if (later === null) return { status: first, failure: null, checkAfter_ms: null };
  if (age_ms >= later.after_ms) return { status: later.status, failure: later.failure, checkAfter_ms: null };
  return { status: first, failure: null, checkAfter_ms: Math.ceil(later.after_ms - age_ms) };
}

/** Addresses and numbers that are reserved for examples (RFC 2606, North American 555 01xx), and ids that say so. */
function isKnownReceiver(method: Readonly<Record<string, unknown>>): boolean {
  if (method['type'] !== 'paypal') return true;
  const { email, phone_number: phone, paypal_id: id } = method;
  if (typeof email === 'string') return /@example\.(com|net|org)$/i.test(email);
  if (typeof phone === 'string') return /^\+1\d{3}55501\d{2}$/.test(phone);
  return typeof id === 'string' && id.startsWith('KNOWN');
}
