import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Failure, LookupOutcome, ProviderPayment, SubmitOutcome } from '../connectors/index.js';
import { decideLookup, decideSubmit, type Decision, type ProviderPromise } from './decide-outcome.js';
import { canBeSentAgain } from './key-age.js';
import { type IntentStatus, payoutIntentLifecycle } from './payout-intent.lifecycle.js';

/**
 * One payout against a provider in a world where every answer may be lost, late or wrong and every pause may last for days;
 * time is a number. The engine's part is the real decisions, driven as claim and settle drive them.
 */
const STALE_MS = 60_000;
const RETENTION_MS = 24 * 3_600_000;
const promise: ProviderPromise = { lookup: true, keyRetention_ms: RETENTION_MS, staleWindow_ms: STALE_MS };
const refusal: Failure = { code: 'limit_exceeded', message: 'Used up.', retryable: true };
const CALL_MS = 10_000;
/** Enough for every back-off on the way to rest; a world that has not come to rest by then never will. */
const STEPS_MAX = 400;

/** What one call meets; when the script is used up the world is healed. */
interface Trouble {
  readonly pause_ms: number;
  /** How long a send is on its way before the provider sees it; less than the stale window, or the provider breaks its promise. */
  readonly transit_ms: number;
  readonly meets: 'taken' | 'busy' | 'refused' | 'lost_on_the_way';
  readonly answer: 'comes' | 'lost';
  readonly lookup: 'answered' | 'unavailable';
}

const HEALED: Trouble = { pause_ms: 0, transit_ms: 0, meets: 'taken', answer: 'comes', lookup: 'answered' };

const trouble = fc.record<Trouble>({
  pause_ms: fc.oneof(fc.constant(0), fc.constantFrom(1_000, STALE_MS, 3_600_000, RETENTION_MS, 3 * RETENTION_MS)),
  transit_ms: fc.constantFrom(0, CALL_MS, STALE_MS - 1),
  meets: fc.constantFrom('taken', 'busy', 'refused', 'lost_on_the_way'),
  answer: fc.constantFrom('comes', 'lost'),
  lookup: fc.constantFrom('answered', 'unavailable'),
});

/** Takes each key once while it remembers it, and refuses a key that it knows as a duplicate, as some do. */
class Provider {
  readonly ledger: number[] = [];

  constructor(private readonly refusesDuplicates: boolean) {}

  send(at: number, { meets, answer }: Trouble): SubmitOutcome {
    const lost: SubmitOutcome = { kind: 'unknown', detail: 'no answer', httpStatus: null, unreadable: false };
    if (meets === 'lost_on_the_way') return lost;
    const outcome = this.receive(at, meets);
    return answer === 'comes' ? outcome : lost;
  }

  lookup(now: number, { lookup }: Trouble): LookupOutcome {
    if (lookup === 'unavailable') return { kind: 'unavailable', detail: 'answered 502', systemic: false };
    return this.knows(now) ? { kind: 'found', payments: [PAID] } : { kind: 'none' };
  }

  private receive(at: number, meets: Trouble['meets']): SubmitOutcome {
    if (this.knows(at)) {
      return this.refusesDuplicates
        ? { kind: 'rejected', failure: { ...refusal, code: 'duplicate' }, ofDuplicate: true, httpStatus: 422 }
        : { kind: 'accepted', payment: PAID, httpStatus: 200 };
    }
    if (meets === 'busy')
      return { kind: 'not_taken', reason: 'busy', retryAfter_ms: null, detail: 'answered 429', httpStatus: 429 };
    if (meets === 'refused') return { kind: 'rejected', failure: refusal, ofDuplicate: false, httpStatus: 422 };
    this.ledger.push(at);
    return { kind: 'accepted', payment: PAID, httpStatus: 201 };
  }

  /** After the retention the key is forgotten: another send would be paid again. */
  private knows(now: number): boolean {
    return this.ledger.some((at) => at <= now && now < at + RETENTION_MS);
  }
}

const PAID: ProviderPayment = {
  providerReference: 'pay_1',
  status: 'succeeded',
  failure: null,
  amount: '12.50',
  currency: 'EUR',
  checkAfter_ms: null,
};

interface Life {
  status: IntentStatus;
  attempt: Decision['attempt'] | null;
  checks: number;
  lastSend: number;
  readonly sends: number[];
}

/** Claims and settles until nothing more comes by itself. */
function live(script: readonly Trouble[], provider: Provider): Life {
  const life: Life = { status: 'created', attempt: null, checks: 0, lastSend: 0, sends: [] };
  let now = 0;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const meets = script[step] ?? HEALED;
    // The first call follows its claim at once: nothing can be paused between them.
    if (step > 0) now += meets.pause_ms;
    const isSend = step === 0 || (life.attempt?.mayHaveBeenTaken === false && canBeSentAgain({ age_ms: now }, promise));
    if (isSend) {
      life.lastSend = now;
      life.sends.push(now);
    }
    const outcome = isSend ? provider.send(now + meets.transit_ms, meets) : provider.lookup(now, meets);
    now += CALL_MS;
    const known = {
      intentStatus: life.status,
      everUnknown: life.attempt?.everUnknown ?? false,
      refused: life.attempt?.refused ?? null,
      age_ms: now,
      sinceLastSend_ms: now - life.lastSend,
      checks: life.checks,
      amount: '12.50',
      currency: 'EUR',
    };
    const decision =
      outcome.kind === 'found' || outcome.kind === 'none' || outcome.kind === 'unavailable'
        ? decideLookup(outcome, known, promise)
        : decideSubmit(outcome, known, promise);
    const before = life.status;
    for (const transition of decision.transitions) life.status = payoutIntentLifecycle.transitions[transition].to;
    life.checks = life.status === before ? life.checks + 1 : 0;
    life.attempt = decision.attempt;
    if (decision.nextCheck_ms === null) return life;
    now += decision.nextCheck_ms;
  }
  throw new Error(`not at rest after ${STEPS_MAX} steps: ${life.status}`);
}

const scripts = fc.array(trouble, { maxLength: 12 });

describe('one payout in a world of faults', () => {
  it('is paid at most once, and comes to rest with the truth', () => {
    fc.assert(
      fc.property(scripts, fc.boolean(), (script, refusesDuplicates) => {
        const provider = new Provider(refusesDuplicates);
        const { status } = live(script, provider);
        expect(provider.ledger.length).toBeLessThanOrEqual(1);
        if (status === 'succeeded') expect(provider.ledger).toHaveLength(1);
        if (status === 'rejected') expect(provider.ledger).toHaveLength(0);
        expect(['succeeded', 'rejected', 'needs_review']).toContain(status);
      }),
      { numRuns: 5_000 },
    );
  });

  it('never sends its key past 0.8 of the retention', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { sends } = live(script, new Provider(false));
        expect(Math.max(...sends)).toBeLessThan(0.8 * RETENTION_MS);
      }),
      { numRuns: 5_000 },
    );
  });

  it('needs no person while the provider can be reached within the life of the key', () => {
    const short = scripts.map((script) => script.map((one) => ({ ...one, pause_ms: 0 })));
    fc.assert(
      fc.property(short, (script) => {
        expect(live(script, new Provider(false)).status).not.toBe('needs_review');
      }),
      { numRuns: 2_000 },
    );
  });
});
