import type {
  CancelOutcome,
  CancelsUnclaimed,
  Capabilities,
  Connector,
  ConnectorType,
  IntentRequest,
  LookupOutcome,
  NotificationReading,
  ReadsPayments,
  SubmitOutcome,
} from '../connector.js';
import type { WireOptions } from '../wire/config-reader.js';
import { CURRENCIES, toBatch } from './paypal.batch.js';
import { PaypalClient, type PaypalExchange } from './paypal.client.js';
import { parsePaypalConfig, type PaypalConfig } from './paypal.config.js';
import { itemIdOf, toCancelOutcome, toReading, toSubmitOutcome } from './paypal.mapping.js';
import { PaypalWebhooks, QUESTIONS_MAX } from './paypal.webhook.js';

const DAY_MS = 86_400_000;
/** "The API completes a payment only once for a sender_batch_id that is used within 30 days" (Create batch payout). */
const KEY_RETENTION_MS = 30 * DAY_MS;
const BATCHES = '/v1/payments/payouts';

const NO_RECEIVER: SubmitOutcome = {
  kind: 'rejected',
  failure: { code: 'NO_RECEIVER', message: 'PayPal pays to an e-mail address, a phone number or a PayPal id.', retryable: false },
  ofDuplicate: false,
  httpStatus: null,
};

/** Pays through PayPal Payouts v1: a batch of one item for each payout, under our own key (README.md). */
export class PaypalConnector implements CancelsUnclaimed, Connector, ReadsPayments {
  readonly capabilities: Capabilities;
  /** Present only where a webhook is configured: of no other can PayPal say whose it is (see `receivesNotifications`). */
  readonly readNotification: ((headers: Readonly<Record<string, string>>, body: Buffer) => NotificationReading) | undefined;
  private readonly client: PaypalClient;

  constructor(config: PaypalConfig, maxConcurrency: number) {
    this.capabilities = {
      methodTypes: ['paypal'],
      currencies: CURRENCIES,
      // The same send again is the only question by our key, and it pays where nothing has arrived yet.
      lookup: false,
      keyRetention_ms: KEY_RETENTION_MS,
      staleWindow_ms: 0,
      timeout_ms: config.timeout_ms,
    };
    this.client = new PaypalClient(config, maxConcurrency + QUESTIONS_MAX);
    const webhooks = config.webhook_id === null ? null : new PaypalWebhooks(this.client, config.webhook_id);
    this.readNotification = webhooks === null ? undefined : (headers, body) => webhooks.read(headers, body);
  }

  async submit(request: IntentRequest): Promise<SubmitOutcome> {
    const body = toBatch(request);
    if (body === null) return NO_RECEIVER;
    const deadline_ms = this.client.deadline_ms();
    const exchange = await this.client.call({ method: 'POST', path: BATCHES, body: JSON.stringify(body) }, deadline_ms);
    const outcome = toSubmitOutcome(exchange, request, new Date());
    if (outcome.kind !== 'repeated') return outcome;
    const { batchId } = outcome;
    const read = toReading(await this.show(batchId, deadline_ms), { batchId, key: request.idempotencyKey });
    if (read.kind === 'found') return { kind: 'accepted', payment: read.payments[0], httpStatus: 200 };
    return { kind: 'unknown', detail: `taken before as ${batchId}; ${read.detail}`, httpStatus: null, unreadable: false };
  }

  lookup(): Promise<LookupOutcome> {
    return Promise.resolve({ kind: 'unavailable', detail: 'PayPal can not be asked by our key', systemic: false });
  }

  async read(batchId: string): Promise<LookupOutcome> {
    return toReading(await this.show(batchId, this.client.deadline_ms()), { batchId, key: null });
  }

  async cancelUnclaimed(batchId: string): Promise<CancelOutcome> {
    const deadline_ms = this.client.deadline_ms();
    const shown = await this.show(batchId, deadline_ms);
    const itemId = itemIdOf(shown);
    const standing = toStanding(shown, batchId);
    if (standing.kind !== 'answered' || standing.payment.status !== 'unclaimed' || itemId === null) return standing;
    const path = `/v1/payments/payouts-item/${encodeURIComponent(itemId)}/cancel`;
    const outcome = toCancelOutcome(await this.client.call({ method: 'POST', path }, deadline_ms), batchId);
    return outcome.kind === 'decided' ? toStanding(await this.show(batchId, deadline_ms), batchId) : outcome;
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private show(batchId: string, deadline_ms: number): Promise<PaypalExchange> {
    return this.client.call({ method: 'GET', path: `${BATCHES}/${encodeURIComponent(batchId)}` }, deadline_ms);
  }
}

/** How the payment stands, as an answer to whoever wanted it back. */
function toStanding(exchange: PaypalExchange, batchId: string): CancelOutcome {
  const read = toReading(exchange, { batchId, key: null });
  return read.kind === 'found' ? { kind: 'answered', payment: read.payments[0] } : { kind: 'unavailable', detail: read.detail };
}

export const paypalConnectorType = (options: WireOptions): ConnectorType<PaypalConfig> => ({
  type: 'paypal',
  secrets: ['client_secret'],
  parseConfig: (config) => parsePaypalConfig(config, options),
  open: ({ config, maxConcurrency }) => new PaypalConnector(config, maxConcurrency),
});
