import type {
  Capabilities,
  Connector,
  Failure,
  IntentRequest,
  ListsPayments,
  LookupOutcome,
  PaymentPage,
  ProviderNotification,
  ProviderPayment,
  ProviderStatus,
  SubmitOutcome,
} from '../../src/connectors/index.js';
import type { CallNote, ProviderTemper, Scene } from './scene.js';
import { currentActor } from './stage.js';

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
};
/** What a provider in trouble does with a send. */
const SILENCE = { unreachable: 6, error_without_effect: 2, request_lost: 1, hang: 1 };
export type SendFault = keyof typeof SEND_FAULTS;
const LOOKUP_FAULTS = { unavailable: 4, hang: 2, stale: 6, unauthorized: 0.2 };

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
const REPEATED: Failure = { code: 'duplicate_request', message: 'This request was made before.', retryable: false };

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

  drawLookup(): keyof typeof LOOKUP_FAULTS | null {
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

export const wordOf = (answer: ReturnType<SimulatedProvider['arrive']>): string => {
  if (answer === 'other_content') return 'other content';
  return 'failure' in answer ? `refused ${answer.failure.code}` : 'taken';
};

/** A run with its provider. */
export interface ProviderScene extends Scene {
  readonly provider: SimulatedProvider;
}

/** The door to the provider, with a stop before the request arrives and one between its effect and its answer. */
export class SimulatedConnector implements Connector, ListsPayments {
  constructor(private readonly world: () => ProviderScene) {}

  get capabilities(): Capabilities {
    const world = this.world();
    const { lookup, keyRetention_ms, staleWindow_ms, timeout_ms } = world.provider.temper;
    const told = { methodTypes: null, currencies: null, lookup, keyRetention_ms, staleWindow_ms, timeout_ms };
    return world.bug.capabilities?.(told) ?? told;
  }

  async submit(given: IntentRequest): Promise<SubmitOutcome> {
    const world = this.world();
    const request = world.bug.request?.(given, world) ?? given;
    const actor = actorOf('send');
    const { provider, stage } = world;
    const name = provider.nameOf(request);
    await world.noteCall(actor, { action: 'send', key: request.idempotencyKey, intentId: request.intentId });
    const started_ms = stage.now_ms;
    await world.stop(actor, 'send:before');
    const fault = this.timedOut(started_ms) ? 'request_lost' : provider.draw(request.idempotencyKey);
    if (fault !== null) world.countFault(`send ${fault}`);
    const outcome = this.effect(request, fault);
    stage.trace(`${actor.name} sends ${name}${fault === null ? '' : ` (${fault})`}: ${wordOfOutcome(outcome)}`);
    const hangs = fault === 'hang' || fault === 'request_late';
    await world.stop(actor, 'send:after_effect', hangs ? started_ms + provider.temper.timeout_ms : undefined);
    return this.timedOut(started_ms) ? silence : outcome;
  }

  async lookup(key: string): Promise<LookupOutcome> {
    const world = this.world();
    const actor = actorOf('look_up');
    const { provider, stage } = world;
    // Quarantine asks for several at once, which is no sequence of points; most of these keys have no attempt.
    if (actor.steps[0] === 'quarantine') return this.look(key, provider.drawLookup());
    await world.noteCall(actor, { action: 'look_up', key, intentId: null });
    const started_ms = stage.now_ms;
    await world.stop(actor, 'look_up:before');
    const fault = provider.drawLookup();
    if (fault !== null) world.countFault(`look_up ${fault}`);
    const outcome = this.look(key, fault);
    stage.trace(`${actor.name} looks up ${stage.nameOf('key', key)}${fault === null ? '' : ` (${fault})`}: ${outcome.kind}`);
    await world.stop(actor, 'look_up:after_effect', fault === 'hang' ? started_ms + provider.temper.timeout_ms : undefined);
    if (this.timedOut(started_ms)) return { kind: 'unavailable', detail: 'timed out', systemic: false };
    return outcome;
  }

  async list({ createdAfter }: { readonly createdAfter: Date }): Promise<PaymentPage> {
    const world = this.world();
    const actor = actorOf('list');
    const { provider, stage, temper } = world;
    await world.stop(actor, 'list:before');
    if (!temper.provider.lists) return { kind: 'refused', detail: 'answered 404' };
    const payments = provider.ledger
      .filter(({ at_ms }) => at_ms > createdAfter.getTime())
      .map((entry) => ({ idempotencyKey: entry.key, payment: provider.paymentOf(entry) }));
    stage.trace(`${actor.name} reads a list of ${payments.length}`);
    await world.stop(actor, 'list:after_effect');
    const page: PaymentPage = { kind: 'page', payments, nextCursor: null };
    return world.bug.list?.(page) ?? page;
  }

  async close(): Promise<void> {
    // It holds nothing that outlives a run.
  }

  private timedOut(started_ms: number): boolean {
    const { provider, stage } = this.world();
    return stage.now_ms >= started_ms + provider.temper.timeout_ms;
  }

  private effect(request: IntentRequest, fault: SendFault | null): SubmitOutcome {
    const { provider, stage, random } = this.world();
    switch (fault) {
      case 'unreachable':
        return notTaken('unreachable', null);
      case 'busy':
        return { ...notTaken('busy', 429), retryAfter_ms: random.chance(0.5) ? random.between(100, 30_000) : null };
      case 'unauthorized':
        return notTaken('unauthorized', 401);
      case 'error_without_effect':
        return { kind: 'unknown', detail: 'answered 500', httpStatus: 500, unreadable: false };
      case 'request_lost':
        return silence;
      case 'request_late':
        provider.late.push({ request, sent_ms: stage.now_ms, until_ms: stage.now_ms + provider.temper.staleWindow_ms });
        return silence;
      case 'error_after_effect':
        provider.arrive(request);
        return { kind: 'unknown', detail: 'answered 500', httpStatus: 500, unreadable: false };
      case 'garbage':
        provider.arrive(request);
        return { kind: 'unknown', detail: 'answered 200 without an id', httpStatus: 200, unreadable: true };
      case 'answer_lost':
      case 'hang':
        provider.arrive(request);
        return silence;
      case 'doubled': {
        // A proxy sends it twice, and either answer may be the one that comes back.
        const answers = [this.answer(request), this.answer(request)];
        return answers[random.chance(0.5) ? 1 : 0] ?? silence;
      }
      case null:
        return this.answer(request);
    }
  }

  private answer(request: IntentRequest): SubmitOutcome {
    const { provider } = this.world();
    const answer = provider.arrive(request);
    if (answer === 'other_content') return { kind: 'unknown', detail: 'answered 409', httpStatus: 409, unreadable: false };
    if ('failure' in answer) {
      return { kind: 'rejected', failure: answer.failure, ofDuplicate: answer.failure === REPEATED, httpStatus: 422 };
    }
    return { kind: 'accepted', payment: provider.paymentOf(answer), httpStatus: 201 };
  }

  private look(key: string, fault: keyof typeof LOOKUP_FAULTS | null): LookupOutcome {
    const { provider, stage } = this.world();
    if (fault === 'unavailable') return { kind: 'unavailable', detail: 'answered 503', systemic: false };
    if (fault === 'unauthorized') return { kind: 'unavailable', detail: 'answered 401', systemic: true };
    const entry = provider.find(key);
    const { staleWindow_ms, lag_ms } = provider.temper;
    const hidden = entry !== null && stage.now_ms - entry.sent_ms < (fault === 'stale' ? staleWindow_ms : lag_ms);
    return entry === null || hidden ? { kind: 'none' } : { kind: 'found', payments: [provider.paymentOf(entry)] };
  }
}

const silence: SubmitOutcome = { kind: 'unknown', detail: 'no answer within the deadline', httpStatus: null, unreadable: false };

const notTaken = (reason: 'busy' | 'unreachable' | 'unauthorized', httpStatus: number | null) =>
  ({ kind: 'not_taken', reason, retryAfter_ms: null, detail: `answered ${String(httpStatus)}`, httpStatus }) as const;

function wordOfOutcome(outcome: SubmitOutcome): string {
  if (outcome.kind === 'accepted') return `accepted ${outcome.payment.status}`;
  return outcome.kind === 'rejected' ? `rejected ${outcome.failure.code}` : outcome.kind;
}

function actorOf(step: string) {
  const actor = currentActor();
  if (actor === null) throw new Error(`a ${step} outside of any actor`);
  return actor;
}
