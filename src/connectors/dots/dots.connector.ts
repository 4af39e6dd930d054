import type {
  Capabilities,
  Connector,
  ConnectorType,
  IntentRequest,
  ListsPayments,
  LookupOutcome,
  PaymentPage,
  ProviderPayment,
  ReadsPayments,
  SubmitOutcome,
} from '../connector.js';
import type { WireOptions } from '../wire/config-reader.js';
import { LIST_BYTES_MAX } from '../wire/provider.client.js';
import { DotsClient } from './dots.client.js';
import { type DotsConfig, parseDotsConfig } from './dots.config.js';
import { idIn, type NoPayee, toOutcomeWithoutPayee, toPaymentPage, toReading, toSubmitOutcome } from './dots.mapping.js';
import { accountDataOf, type DotsReceiver, type Payee, toBatch, toOrder } from './dots.order.js';

const HOUR_MS = 3_600_000;
/** "In Dots API, idempotency keys have a 24-hour timeout" (https://docs.dots.dev/references/idempotency). */
const KEY_RETENTION_MS = 24 * HOUR_MS;
/** How soon a batch stands in Dots' list is not told. */
const STALE_WINDOW_MS = 60_000;
const BATCHES = '/payout-batches';
/** The most that Dots lists at once. */
const PAGE_BATCHES = 100;
/** A send that came twice on its way stands among the newest, and mostly one whose answer was lost does. */
const PAGES_LOOKED_AT_MAX = 3;
const THE_BEGINNING = new Date(0);

/** Pays through Dots' payout batches v2: a batch of one item for each payout, under our own key (README.md). */
export class DotsConnector implements Connector, ListsPayments, ReadsPayments {
  readonly capabilities: Capabilities;
  private readonly client: DotsClient;

  constructor(
    private readonly connectorId: string,
    config: DotsConfig,
    maxConcurrency: number,
  ) {
    this.capabilities = {
      methodTypes: ['bank_account', 'paypal', 'wallet'],
      currencies: ['USD'],
      // The same send again is the only question by our key that costs one call, and it pays where nothing has arrived yet.
      lookup: false,
      keyRetention_ms: KEY_RETENTION_MS,
      staleWindow_ms: STALE_WINDOW_MS,
      timeout_ms: config.timeout_ms,
    };
    this.client = new DotsClient(config, maxConcurrency);
  }

  async submit(request: IntentRequest): Promise<SubmitOutcome> {
    const order = toOrder(request);
    if ('refusal' in order) return { kind: 'rejected', failure: order.refusal, ofDuplicate: false, httpStatus: null };
    const deadline_ms = this.client.deadline_ms();
    const account = accountDataOf(request, order.receiver);
    const payee = await this.payeeOf(order.receiver, deadline_ms);
    if ('missing' in payee) return toOutcomeWithoutPayee(payee, account, new Date());
    const body = toBatch(request, { connectorId: this.connectorId, cents: order.cents, payee });
    const exchange = await this.client.call({ method: 'POST', path: BATCHES, body }, deadline_ms);
    const key = request.idempotencyKey;
    const outcome = toSubmitOutcome(exchange, { key, account, now: new Date() });
    return outcome.kind === 'refused' ? this.believed(outcome.otherwise, key, deadline_ms) : outcome;
  }

  lookup(): Promise<LookupOutcome> {
    return Promise.resolve({ kind: 'unavailable', detail: 'Dots can not be asked by our key', systemic: false });
  }

  async read(batchId: string): Promise<LookupOutcome> {
    const path = `${BATCHES}/${encodeURIComponent(batchId)}/results?include_request=true`;
    return toReading(await this.client.call({ method: 'GET', path }, this.client.deadline_ms()), batchId);
  }

  list(query: { readonly createdAfter: Date; readonly cursor: string | null }): Promise<PaymentPage> {
    return this.page(query, this.client.deadline_ms());
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** Neither call pays anything, and both are harmless to repeat. The account is named by its id, whatever else the user has. */
  private async payeeOf(receiver: DotsReceiver, deadline_ms: number): Promise<Payee | NoPayee> {
    if ('userId' in receiver) return { user_id: receiver.userId, platform: 'default' };
    const { user, method } = receiver;
    const made = await this.client.call({ method: 'POST', path: '/users', body: user }, deadline_ms);
    const userId = idIn(made);
    if (userId === null) return { missing: 'no user', why: made };
    const path = `/users/${encodeURIComponent(userId)}/payout-methods`;
    const added = await this.client.call({ method: 'PUT', path, body: method }, deadline_ms);
    const accountId = idIn(added);
    if (accountId === null) return { missing: 'no payout method', why: added };
    return { user_id: userId, platform: method.platform, account_id: accountId };
  }

  /**
   * A used key is answered with its batch, or refused: Dots' documents say both. So a refusal is believed where the newest
   * batches have none under our key.
   */
  private async believed(refusal: SubmitOutcome, key: string, deadline_ms: number): Promise<SubmitOutcome> {
    const taken = await this.newestUnder(key, deadline_ms);
    if (taken === 'unread' && refusal.kind === 'rejected') {
      const detail = `refused (${refusal.failure.code}), and its list was not read`;
      return { kind: 'unknown', detail, httpStatus: refusal.httpStatus, unreadable: false };
    }
    if (taken === 'unread' || taken === null) return refusal;
    return { kind: 'accepted', payment: taken, httpStatus: 200 };
  }

  private async newestUnder(key: string, deadline_ms: number): Promise<ProviderPayment | 'unread' | null> {
    let cursor: string | null = null;
    for (let pages = 0; pages < PAGES_LOOKED_AT_MAX; pages += 1) {
      const page: PaymentPage = await this.page({ createdAfter: THE_BEGINNING, cursor }, deadline_ms);
      if (page.kind !== 'page') return 'unread';
      const found = page.payments.find(({ idempotencyKey }) => idempotencyKey === key);
      if (found !== undefined) return found.payment;
      cursor = page.nextCursor;
      if (cursor === null) return null;
    }
    return null;
  }

  private async page(
    { createdAfter, cursor }: { readonly createdAfter: Date; readonly cursor: string | null },
    deadline_ms: number,
  ): Promise<PaymentPage> {
    const query = new URLSearchParams({ limit: String(PAGE_BATCHES), ...(cursor === null ? {} : { starting_after: cursor }) });
    const path = `${BATCHES}?${query.toString()}`;
    const exchange = await this.client.call({ method: 'GET', path, bytesMax: LIST_BYTES_MAX }, deadline_ms);
    return toPaymentPage(exchange, { connectorId: this.connectorId, createdAfter });
  }
}

export const dotsConnectorType = (options: WireOptions): ConnectorType<DotsConfig> => ({
  type: 'dots',
  secrets: ['api_key'],
  parseConfig: (config) => parseDotsConfig(config, options),
  open: ({ connectorId, config, maxConcurrency }) => new DotsConnector(connectorId, config, maxConcurrency),
});
