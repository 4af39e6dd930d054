import type { Sealer } from '../../platform/crypto/index.js';
import type { Transactions } from '../../platform/database/index.js';
import { pointerTo } from '../../platform/http/index.js';
import { isObject } from '../../platform/json/index.js';
import type {
  CallLimits,
  CancelOutcome,
  CancelsUnclaimed,
  Capabilities,
  ConfigFault,
  Connector,
  ConnectorType,
  IntentRequest,
  ListsPayments,
  LookupOutcome,
  PaymentPage,
  ProviderPayment,
  SubmitOutcome,
} from '../connector.js';
import { FATES, fateOf, stateAt, type Fate, type FateName } from './sandbox.fates.js';
import { LIST_PAGE, SandboxPayments, type SandboxPayment, type SandboxSend } from './sandbox.payments.js';

export interface SandboxConfig {
  readonly timeout_ms: number;
}

/** Above the 3 s of the slow fate, and short, so that a demo of the silent one moves on. */
const TIMEOUT_DEFAULT_MS = 5_000;
const KEY_RETENTION_MS = 86_400_000;
/** Its books are exact as soon as it answers; one second shows the wait for a stale window without boring anybody. */
const STALE_WINDOW_MS = 1_000;
const SLOW_MS = 3_000;
/** What its own ids look like: anything else it has never given. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BUSY_RETRY_AFTER_MS = 500;

export interface SandboxPorts {
  readonly transactions: Transactions;
  readonly sealer: Sealer;
}

/** A provider that pays nobody: deterministic, durable, and as unreliable as the amount asks for (see README.md). */
export class SandboxConnector implements CancelsUnclaimed, Connector, ListsPayments {
  readonly capabilities: Capabilities;
  private readonly payments: SandboxPayments;
  /** One per call that is out: ends its wait. */
  private readonly cuts = new Set<() => void>();

  constructor(
    private readonly ports: SandboxPorts,
    connectorId: string,
    config: SandboxConfig,
  ) {
    this.payments = new SandboxPayments(ports.transactions, connectorId);
    this.capabilities = {
      methodTypes: null,
      currencies: null,
      lookup: true,
      keyRetention_ms: KEY_RETENTION_MS,
      staleWindow_ms: STALE_WINDOW_MS,
      timeout_ms: config.timeout_ms,
    };
  }

  async submit(request: IntentRequest): Promise<SubmitOutcome> {
    const silent: SubmitOutcome = {
      kind: 'unknown',
      detail: 'no answer within the deadline',
      httpStatus: null,
      unreadable: false,
    };
    try {
      return await this.withinDeadline(this.send(request), silent);
    } catch (error) {
      // Its database failed. Whether a commit was lost on the way can not be told here, so the sandbox is asked again.
      return { kind: 'unknown', detail: `no answer (${nameOf(error)})`, httpStatus: null, unreadable: false };
    }
  }

  async lookup(idempotencyKey: string): Promise<LookupOutcome> {
    const silent: LookupOutcome = { kind: 'unavailable', detail: 'no answer within the deadline', systemic: false };
    try {
      return await this.withinDeadline(this.find(idempotencyKey), silent);
    } catch (error) {
      return { kind: 'unavailable', detail: `no answer (${nameOf(error)})`, systemic: false };
    }
  }

  async list({ createdAfter, cursor }: { readonly createdAfter: Date; readonly cursor: string | null }): Promise<PaymentPage> {
    try {
      const listed = await this.payments.list(createdAfter, cursor);
      return {
        kind: 'page',
        payments: listed.map((payment) => ({ idempotencyKey: payment.idempotency_key, payment: toPayment(payment) })),
        nextCursor: listed.length < LIST_PAGE ? null : (listed.at(-1)?.id ?? null),
      };
    } catch (error) {
      return { kind: 'unavailable', detail: `no answer (${nameOf(error)})` };
    }
  }

  async cancelUnclaimed(providerReference: string): Promise<CancelOutcome> {
    try {
      const payment = ID.test(providerReference) ? await this.payments.cancelUnclaimed(providerReference) : null;
      return payment === null ? { kind: 'refused', detail: 'answered 404' } : { kind: 'answered', payment: toPayment(payment) };
    } catch (error) {
      return { kind: 'unavailable', detail: `no answer (${nameOf(error)})` };
    }
  }

  /** Calls that are out end as if the provider had fallen silent. */
  async close(): Promise<void> {
    for (const cut of this.cuts) cut();
    await this.payments.idle();
  }

  private async send(request: IntentRequest): Promise<SubmitOutcome> {
    const name = fateOf(request);
    const fate = FATES[name];
    if (fate.refusal !== null) return { kind: 'rejected', failure: fate.refusal, ofDuplicate: false, httpStatus: 422 };
    const answer = await this.payments.take(this.toSend(request, name));
    switch (answer.kind) {
      case 'busy':
        return { kind: 'not_taken', reason: 'busy', retryAfter_ms: BUSY_RETRY_AFTER_MS, detail: 'answered 429', httpStatus: 429 };
      case 'other_content':
        return {
          kind: 'unknown',
          detail: 'answered 409: the key was used with other content',
          httpStatus: 409,
          unreadable: false,
        };
      case 'taken': {
        const accepted: SubmitOutcome = { kind: 'accepted', payment: toPayment(answer.payment), httpStatus: 201 };
        return answer.first ? this.answerFirst(fate.answer, accepted) : accepted;
      }
    }
  }

  /** Only the send that was taken meets the fate of its answer: the same key again is answered at once, as providers do. */
  private async answerFirst(way: Fate['answer'], accepted: SubmitOutcome): Promise<SubmitOutcome> {
    switch (way) {
      case 'at_once':
        return accepted;
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS).unref());
        return accepted;
      case 'error':
        return { kind: 'unknown', detail: 'answered 500', httpStatus: 500, unreadable: false };
      case 'never':
        return new Promise<never>(() => undefined);
    }
  }

  private async find(idempotencyKey: string): Promise<LookupOutcome> {
    const payment = await this.payments.find(idempotencyKey);
    return payment === null ? { kind: 'none' } : { kind: 'found', payments: [toPayment(payment)] };
  }

  private toSend(request: IntentRequest, fate: FateName): SandboxSend {
    const { idempotencyKey, intentId, reference, amount, currency, payoutMethod } = request;
    const { sealer } = this.ports;
    return {
      idempotencyKey,
      requestHash: sealer.fingerprint(canonicalJson({ ...request, idempotencyKey: null })),
      intentId,
      reference,
      amount,
      currency,
      receiverHash: sealer.fingerprint(canonicalJson(payoutMethod)),
      fate,
    };
  }

  private async withinDeadline<Result>(call: Promise<Result>, silent: Result): Promise<Result> {
    let cut = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<Result>((resolve) => {
      cut = () => resolve(silent);
      timer = setTimeout(cut, this.capabilities.timeout_ms);
    });
    this.cuts.add(cut);
    try {
      return await Promise.race([call, deadline]);
    } finally {
      clearTimeout(timer);
      this.cuts.delete(cut);
    }
  }
}

export const sandboxConnectorType = (ports: SandboxPorts & CallLimits): ConnectorType<SandboxConfig> => ({
  type: 'sandbox',
  secrets: [],
  parseConfig: (config) => parseSandboxConfig(config, ports),
  open: ({ connectorId, config }) => new SandboxConnector(ports, connectorId, config),
});

function parseSandboxConfig(
  config: unknown,
  { timeoutMax_ms }: CallLimits,
): { readonly config: SandboxConfig } | { readonly faults: readonly ConfigFault[] } {
  if (!isObject(config)) return { faults: [{ pointer: '', detail: 'must be an object' }] };
  const { timeout_ms = TIMEOUT_DEFAULT_MS, ...others } = config;
  const faults: ConfigFault[] = Object.keys(others).map((member) => ({
    pointer: pointerTo('', member),
    detail: 'is not a member of a sandbox config',
  }));
  const fits = typeof timeout_ms === 'number' && Number.isInteger(timeout_ms) && timeout_ms >= 1 && timeout_ms <= timeoutMax_ms;
  if (!fits)
    faults.push({ pointer: '/timeout_ms', detail: `must be a whole number from 1 to ${timeoutMax_ms}, at most half of LEASE_S` });
  return fits && faults.length === 0 ? { config: { timeout_ms } } : { faults };
}

function toPayment(payment: SandboxPayment): ProviderPayment {
  const { status, failure, checkAfter_ms } = stateAt(payment.fate, payment.age_ms, payment.cancelled);
  return { providerReference: payment.id, status, failure, amount: payment.amount, currency: payment.currency, checkAfter_ms };
}

/** JSON with sorted members: the same content in another order is the same content. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );

const nameOf = (error: unknown): string => (error instanceof Error ? error.constructor.name : 'unspecified');
