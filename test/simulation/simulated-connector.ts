import type {
  Capabilities,
  Connector,
  IntentRequest,
  ListsPayments,
  LookupOutcome,
  PaymentPage,
  SubmitOutcome,
} from '../../src/connectors/index.js';
import { type LookupFault, type ProviderScene, REPEATED, type SendFault } from './simulated-provider.js';
import { currentActor } from './stage.js';

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
    const outcome = fault === 'another_payment' ? await this.nameAnother(request) : this.effect(request, fault);
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

  /** It takes nothing, and answers with a payment that another payout has been told as paid by; before there is one, it pays. */
  private async nameAnother(request: IntentRequest): Promise<SubmitOutcome> {
    const { provider, random } = this.world();
    const told = await this.world().namesOfOthers(request.intentId);
    if (told.length === 0) return this.answer(request);
    const name = random.pick(told);
    const entry = provider.ledger.find(({ providerReference }) => providerReference === name);
    if (entry === undefined) throw new Error(`nobody made payment ${name}`);
    // As it answers a send of its own: without the amount, which would give it away.
    return { kind: 'accepted', payment: { ...provider.paymentOf(entry), amount: null, currency: null }, httpStatus: 201 };
  }

  private effect(request: IntentRequest, fault: Exclude<SendFault, 'another_payment'> | null): SubmitOutcome {
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

  private look(key: string, fault: LookupFault | null): LookupOutcome {
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
