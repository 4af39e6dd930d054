import type {
  CancelOutcome,
  CancelsUnclaimed,
  Capabilities,
  Connector,
  ConnectorType,
  IntentRequest,
  ListsPayments,
  LookupOutcome,
  NotificationReading,
  PaymentPage,
  SubmitOutcome,
} from '../connector.js';
import type { WireOptions } from '../wire/config-reader.js';
import type { HttpExchange } from '../wire/exchange.js';
import { LIST_BYTES_MAX, ProviderClient } from '../wire/provider.client.js';
import { type HttpConfig, parseHttpConfig } from './http.config.js';
import { toCancelOutcome, toLookupOutcome, toPaymentPage, toSubmitOutcome } from './http.mapping.js';
import { notificationReader } from './http.notifications.js';

const HOUR_MS = 3_600_000;

/** The connector for any provider, or gateway of one's own, that offers the protocol in this folder's README. */
export class HttpConnector implements CancelsUnclaimed, Connector, ListsPayments {
  readonly capabilities: Capabilities;
  /** Present only where a secret is configured: without one nothing can be believed (see `receivesNotifications`). */
  readonly readNotification: ((headers: Readonly<Record<string, string>>, body: Buffer) => NotificationReading) | undefined;
  private readonly client: ProviderClient;

  constructor(
    private readonly config: HttpConfig,
    maxConcurrency: number,
  ) {
    this.capabilities = {
      methodTypes: null,
      currencies: null,
      lookup: true,
      keyRetention_ms: config.key_retention_hours * HOUR_MS,
      staleWindow_ms: config.stale_window_ms,
      timeout_ms: config.timeout_ms,
    };
    this.readNotification = config.notification_secret === null ? undefined : notificationReader(config.notification_secret);
    this.client = new ProviderClient({
      baseUrl: config.base_url,
      timeout_ms: config.timeout_ms,
      connections: maxConcurrency,
    });
  }

  async submit(request: IntentRequest): Promise<SubmitOutcome> {
    const exchange = await this.post('/payout-intents', toWireRequest(request), request.idempotencyKey);
    return toSubmitOutcome(exchange, request, new Date());
  }

  async lookup(idempotencyKey: string): Promise<LookupOutcome> {
    const exchange = await this.get(`/payout-intents?idempotency_key=${encodeURIComponent(idempotencyKey)}`);
    return toLookupOutcome(exchange, idempotencyKey);
  }

  async list({ createdAfter, cursor }: { readonly createdAfter: Date; readonly cursor: string | null }): Promise<PaymentPage> {
    const query = new URLSearchParams({ created_after: createdAfter.toISOString(), ...(cursor === null ? {} : { cursor }) });
    return toPaymentPage(await this.get(`/payout-intents?${query.toString()}`, LIST_BYTES_MAX), cursor);
  }

  async cancelUnclaimed(providerReference: string): Promise<CancelOutcome> {
    const path = `/payout-intents/${encodeURIComponent(providerReference)}/cancel`;
    return toCancelOutcome(await this.post(path, {}, `cancel-${providerReference}`));
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private post(path: string, body: unknown, idempotencyKey: string): Promise<HttpExchange> {
    const headers = { ...this.credentials, 'content-type': 'application/json', 'idempotency-key': idempotencyKey };
    return this.client.call({ method: 'POST', path, headers, body: JSON.stringify(body), secrets: [this.config.token] });
  }

  private get(path: string, bytesMax?: number): Promise<HttpExchange> {
    return this.client.call({ method: 'GET', path, headers: this.credentials, secrets: [this.config.token], bytesMax });
  }

  private get credentials(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.config.token}` };
  }
}

/** The body that the README of this folder promises, field by field, so that nothing of ours is sent by accident. */
const toWireRequest = (request: IntentRequest): Readonly<Record<string, unknown>> => ({
  intent_id: request.intentId,
  reference: request.reference,
  bulk_reference: request.bulkReference,
  amount: request.amount,
  currency: request.currency,
  payout_method: request.payoutMethod,
  billing_data: request.billingData,
  metadata: request.metadata,
});

export const httpConnectorType = (options: WireOptions): ConnectorType<HttpConfig> => ({
  type: 'http',
  secrets: ['token', 'notification_secret'],
  parseConfig: (config) => parseHttpConfig(config, options),
  open: ({ config, maxConcurrency }) => new HttpConnector(config, maxConcurrency),
});
