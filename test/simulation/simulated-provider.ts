import type {
  Failure,
  IntentRequest,
  ProviderNotification,
  ProviderPayment,
  ProviderStatus,
} from '../../src/connectors/index.js';
import type { CallNote, ProviderTemper, Scene } from './scene.js';

/** One payment, for ever: the ledger is what a provider's statement of account would show. */
export interface LedgerEntry {
  readonly key: string;
  readonly intentId: string;
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly receiver: unknown;
  readonly at_ms: number;
  /** When the request had left; the stale window counts from here. */
  readonly sent_ms: number;
  readonly providerReference: string;
  readonly course: Course;
}

/** What becomes of a payment by itself: each status from this age on. */
export type Course = readonly { readonly after_ms: number; readonly status: ProviderStatus }[];

/** A refusal that the provider gave for good. */
export interface RefusalNote {
  readonly key: string;
  readonly failure: Failure;
  /** It had taken the key before, and refuses the repetition only. */
  readonly asDuplicate: boolean;
}

const SEND_FAULTS = {
  unreachable: 2,
  busy: 3,
  unauthorized: 0.3,
  error_without_effect: 2,
  request_lost: 2,
  request_late: 3,
  doubled: 3,
  error_after_effect: 4,
  answer_lost: 4,
  hang: 3,
  garbage: 1,
  another_payment: 1,
};
/** What a provider in trouble does with a send. */
const SILENCE = { unreachable: 6, error_without_effect: 2, request_lost: 1, hang: 1 };
export type SendFault = keyof typeof SEND_FAULTS;
const LOOKUP_FAULTS = { unavailable: 4, hang: 2, stale: 6, unauthorized: 0.2 };
export type LookupFault = keyof typeof LOOKUP_FAULTS;

const COURSES: readonly Course[] = [
  [{ after_ms: 0, status: 'succeeded' }],
  [
    { after_ms: 0, status: 'pending' },
    { after_ms: 3_000, status: 'succeeded' },
  ],
  [
    { after_ms: 0, status: 'pending' },
    { after_ms: 5_000, status: 'failed' },
  ],
  [
    { after_ms: 0, status: 'succeeded' },
    { after_ms: 20_000, status: 'returned' },
  ],
  [
    { after_ms: 0, status: 'unclaimed' },
    { after_ms: 30_000, status: 'succeeded' },
  ],
  [
    { after_ms: 0, status: 'unclaimed' },
    { after_ms: 30_000, status: 'returned' },
  ],
];

const REFUSED: Failure = { code: 'account_closed', message: 'The account is closed.', retryable: false };
const REFUSED_FOR_NOW: Failure = { code: 'limit_exceeded', message: 'The limit of the day is used up.', retryable: true };
export const REPEATED: Failure = { code: 'duplicate_request', message: 'This request was made before.', retryable: false };

export interface LateRequest {
  readonly request: IntentRequest;
  readonly sent_ms: number;
  readonly until_ms: number;
}

/** A provider with an append-only ledger outside of every crash. It keeps the promises of its temper, and no others. */
export class SimulatedProvider {
  readonly ledger: LedgerEntry[] = [];
  readonly calls: CallNote[] = [];
  readonly refusals: RefusalNote[] = [];
  /** Requests that are still on their way although nobody waits for them any more. */
  readonly late: LateRequest[] = [];
  readonly notifications: { readonly notification: ProviderNotification; readonly notBefore_ms: number }[] = [];
  private readonly remembered = new Map<string, { first_ms: number; entry: LedgerEntry | null; failure: Failure | null }>();
  private readonly refused = new Map<string, number>();
  constructor(
    private readonly world: Scene,
    readonly temper: ProviderTemper,
  ) {}

  /** A request arrives: the one place where money moves. */
  arrive(
    request: IntentRequest,
    sent_ms = this.world.stage.now_ms,
  ): LedgerEntry | { readonly failure: Failure } | 'other_content' {
    const { idempotencyKey: key } = request;
    const known = this.recall(key);
    if (known !== null) {
      if (known.failure !== null) return { failure: known.failure };
      if (known.entry === null) throw new Error('a key without an end');
      if (known.entry.amount !== request.amount || known.entry.currency !== request.currency) return 'other_content';
      if (!this.temper.refusesRepetition) return known.entry;
      this.refusals.push({ key, failure: REPEATED, asDuplicate: true });
      return { failure: REPEATED };
    }
    const failure = this.refusalOf(request);
    const first_ms = this.world.stage.now_ms;
    if (failure !== null) {
      this.remembered.set(key, { first_ms, entry: null, failure });
      this.refusals.push({ key, failure, asDuplicate: false });
      return { failure };
    }
    const entry = this.pay(request, sent_ms);
    this.remembered.set(key, { first_ms, entry, failure: null });
    return entry;
  }

  /** What it says of a key, or null where it has nothing, or has forgotten it. */
  find(key: string): LedgerEntry | null {
    return this.recall(key)?.entry ?? null;
  }

  paymentOf(entry: LedgerEntry, now_ms = this.world.stage.now_ms): ProviderPayment {
    const age_ms = now_ms - entry.at_ms;
    const current = entry.course.findLast(({ after_ms }) => after_ms <= age_ms)?.status ?? 'pending';
    const next = entry.course.find(({ after_ms }) => after_ms > age_ms);
    const failed = current === 'failed' || current === 'returned';
    return {
      providerReference: entry.providerReference,
      status: current,
      failure: failed ? { code: `${current}_later`, message: 'It did not go through.', retryable: false } : null,
      amount: entry.amount,
      currency: entry.currency,
      checkAfter_ms: next === undefined ? null : next.after_ms - age_ms,
    };
  }

  deliver({ request, sent_ms }: LateRequest): void {
    const answer = this.arrive(request, sent_ms);
    this.world.stage.trace(`provider gets a late request of ${this.nameOf(request)}: ${wordOf(answer)}`);
  }

  nameOf(request: Pick<IntentRequest, 'intentId'>): string {
    return this.world.stage.nameOf('intent', request.intentId);
  }

  draw(key: string): SendFault | null {
    const { random } = this.world;
    if (this.world.healed) return null;
    if (this.temper.silent) return random.weighted(SILENCE);
    // A line that has lost one request often doubles the next: the refusal of the copy is what an engine must not believe.
    const sends = this.calls.filter((call) => call.action === 'send' && call.key === key).length;
    if (sends > 1 && random.chance(0.3)) return 'doubled';
    return random.chance(this.temper.faults) ? random.weighted(SEND_FAULTS) : null;
  }

  drawLookup(): LookupFault | null {
    const { random } = this.world;
    if (this.world.healed || !random.chance(this.temper.faults)) return null;
    return random.weighted(LOOKUP_FAULTS);
  }

  private recall(key: string) {
    const known = this.remembered.get(key);
    if (known === undefined) return null;
    if (this.world.stage.now_ms - known.first_ms <= this.temper.keyRetention_ms) return known;
    this.remembered.delete(key);
    return null;
  }

  private refusalOf(request: IntentRequest): Failure | null {
    const { random } = this.world;
    const before = this.refused.get(request.intentId) ?? 0;
    if (before > 1 || !random.chance(before > 0 ? 0.3 : 0.15)) return null;
    this.refused.set(request.intentId, before + 1);
    return random.chance(0.6) ? REFUSED_FOR_NOW : REFUSED;
  }

  private entryOf(request: IntentRequest, sent_ms: number): Omit<LedgerEntry, 'course'> {
    return {
      key: request.idempotencyKey,
      intentId: request.intentId,
      reference: request.reference,
      amount: request.amount,
      currency: request.currency,
      receiver: request.payoutMethod,
      at_ms: this.world.stage.now_ms,
      sent_ms,
      providerReference: `pay_${this.ledger.length + 1}_${this.world.seed}`,
    };
  }

  private pay(request: IntentRequest, sent_ms: number): LedgerEntry {
    const { random } = this.world;
    const entry: LedgerEntry = {
      ...this.entryOf(request, sent_ms),
      course: random.chance(0.6) ? COURSES[0]! : random.pick(COURSES),
    };
    this.ledger.push(entry);
    if (this.temper.notifies || this.world.healed) this.announce(entry, this.world.healed);
    return entry;
  }

  /** A payment of somebody else who has our token. */
  payStranger(): void {
    const request = {
      intentId: 'intent_of_a_stranger',
      reference: 'stranger',
      amount: '1.00',
      currency: 'EUR',
      payoutMethod: {},
    };
    const entry = { idempotencyKey: this.world.drawUuid(), ...request } as unknown as IntentRequest;
    this.ledger.push({ ...this.entryOf(entry, this.world.stage.now_ms), course: COURSES[0]! });
    this.world.stage.trace('a stranger pays at the provider');
  }

  /** Once it has healed it tells of everything it has, whether it told before or not. */
  announceAll(): void {
    for (const entry of this.ledger) this.announce(entry, true);
  }

  /** One notification for each status, some twice, each whenever the network likes. */
  private announce(entry: LedgerEntry, named = false): void {
    const { random } = this.world;
    for (const { after_ms } of entry.course) {
      const at_ms = entry.at_ms + after_ms;
      const payment = { ...this.paymentOf(entry, at_ms), checkAfter_ms: null };
      const byKey = named || random.chance(0.7);
      const notification = {
        providerReference: byKey && random.chance(0.5) ? null : entry.providerReference,
        idempotencyKey: byKey ? entry.key : null,
        payment,
      };
      const copies = random.chance(0.3) ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        this.notifications.push({ notification, notBefore_ms: at_ms + (random.chance(0.5) ? 0 : random.between(0, 90_000)) });
      }
    }
  }
}

const wordOf = (answer: ReturnType<SimulatedProvider['arrive']>): string => {
  if (answer === 'other_content') return 'other content';
  return 'failure' in answer ? `refused ${answer.failure.code}` : 'taken';
};

/** A run with its provider. */
export interface ProviderScene extends Scene {
  readonly provider: SimulatedProvider;
}
