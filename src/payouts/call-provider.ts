import { type Connector, type LookupOutcome, readsPayments, type SubmitOutcome } from '../connectors/index.js';
import { type MonotonicClock, ownMonotonicClock } from '../platform/time/index.js';
import type { Claimed } from './claim-payouts.js';
import { type AttemptKnowledge, decideLookup, decideSubmit, decideWithoutLookup, putBack } from './decide-outcome.js';
import type { Finding } from './settle-intents.js';

/** What became of one call, and what it says about the connector as a whole. */
export interface CallResult {
  readonly finding: Finding;
  /** Set where every further call would fail alike: why the connector is to be paused. */
  readonly systemic: string | null;
  /** An answer came; whether it could be read. Null: no answer. */
  readonly readable: boolean | null;
  /** Whether the provider can be worked with, for the breaker; null: this call says nothing of that. */
  readonly reach: 'answered' | 'fault' | null;
  /** How long the provider wishes to be left alone, in milliseconds; null: it said nothing. */
  readonly busy_ms: number | null;
}

/**
 * Whoever refuses our credentials refuses the next call too, and may count: the whole connector asks once a minute at most
 * until somebody has mended and resumed it.
 */
const REFUSED_WAIT_MS = 60_000;

const SAYS_NOTHING = { systemic: null, readable: null, reach: null, busy_ms: null } as const;

/**
 * One call with no transaction open. Does not start where its answer could come after the lease: another process may have
 * taken the payout over by then. Does not send a key that has grown too old while it waited here.
 */
export async function callProvider(
  connector: Connector,
  claimed: Claimed,
  clock: MonotonicClock = ownMonotonicClock,
): Promise<CallResult> {
  const now = clock.now_ms();
  if (now >= claimed.leaseEnds - connector.capabilities.timeout_ms) return notStarted(claimed);
  if (claimed.action === 'send' && now >= claimed.sendableUntil) return notStarted(claimed);
  return claimed.action === 'send' ? send(connector, claimed) : lookUp(connector, claimed);
}

/** A payout that was claimed and not called for: it goes back at once. */
export const notStarted = (claimed: Claimed): CallResult => ({
  finding: {
    payoutId: claimed.payoutId,
    claimNo: claimed.claimNo,
    decide: (known) => putBack(known, claimed.action),
    httpStatus: null,
    source: null,
  },
  ...SAYS_NOTHING,
});

async function send(connector: Connector, claimed: Extract<Claimed, { action: 'send' }>): Promise<CallResult> {
  const outcome = await connector.submit(claimed.request);
  const unauthorized = outcome.kind === 'not_taken' && outcome.reason === 'unauthorized';
  return {
    finding: {
      payoutId: claimed.payoutId,
      claimNo: claimed.claimNo,
      decide: (known) => decideSubmit(outcome, known, connector.capabilities),
      httpStatus: outcome.httpStatus,
      source: 'send',
    },
    systemic: unauthorized ? outcome.detail : null,
    readable: readableOf(outcome),
    reach: reachOf(outcome),
    busy_ms: unauthorized
      ? REFUSED_WAIT_MS
      : outcome.kind === 'not_taken' && outcome.reason === 'busy'
        ? outcome.retryAfter_ms
        : null,
  };
}

function readableOf(outcome: SubmitOutcome): boolean | null {
  if (outcome.httpStatus === null) return null;
  return !(outcome.kind === 'unknown' && outcome.unreadable);
}

/** Timeouts, resets, 5xx and missing connections are faults; an answer that can not be read has its own count. */
function reachOf(outcome: SubmitOutcome): CallResult['reach'] {
  const { kind, httpStatus } = outcome;
  if (kind === 'accepted' || kind === 'rejected') return 'answered';
  if (httpStatus === null || httpStatus >= 500) return 'fault';
  return kind === 'unknown' && outcome.unreadable ? null : 'answered';
}

/**
 * What was known when it was asked. The answer may be written long after it was given (the database was away, the process
 * stood still), and would then seem to be from after the stale window.
 */
const asAsked = (known: AttemptKnowledge, { sinceLastSend_ms }: Claimed): AttemptKnowledge => ({
  ...known,
  sinceLastSend_ms: Math.min(known.sinceLastSend_ms, sinceLastSend_ms),
});

/** By our key, or by the provider's own reference; null where there is no way to ask. */
function ask(connector: Connector, { idempotencyKey, providerReference }: Claimed): Promise<LookupOutcome> | null {
  if (connector.capabilities.lookup) return connector.lookup(idempotencyKey);
  return providerReference !== null && readsPayments(connector) ? connector.read(providerReference) : null;
}

async function lookUp(connector: Connector, claimed: Claimed): Promise<CallResult> {
  const { capabilities } = connector;
  const about = { payoutId: claimed.payoutId, claimNo: claimed.claimNo, httpStatus: null, source: 'look_up' as const };
  const asked = ask(connector, claimed);
  if (asked === null) {
    return { finding: { ...about, decide: (known) => decideWithoutLookup(known, capabilities) }, ...SAYS_NOTHING };
  }
  const outcome = await asked;
  const systemic = outcome.kind === 'unavailable' && outcome.systemic;
  return {
    finding: { ...about, decide: (known) => decideLookup(outcome, asAsked(known, claimed), capabilities) },
    ...SAYS_NOTHING,
    systemic: systemic ? outcome.detail : null,
    busy_ms: systemic ? REFUSED_WAIT_MS : null,
    // A payment that is there says that sends arrive, whatever their answers were.
    reach: outcome.kind === 'found' ? 'answered' : null,
  };
}
