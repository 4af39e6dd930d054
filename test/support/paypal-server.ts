import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connector } from '../../src/connectors/connector.js';
import { paypalConnectorType } from '../../src/connectors/paypal/paypal.connector.js';

interface Sent {
  readonly sender_batch_header: { readonly sender_batch_id?: string };
  readonly items: readonly SentItem[];
}

interface SentItem {
  readonly recipient_type: string;
  readonly receiver: string;
  readonly amount: { readonly currency: string; readonly value: string };
  readonly sender_item_id?: string;
}

/** A batch in PayPal's books. */
export interface PaypalBatch {
  readonly id: string;
  readonly itemId: string;
  readonly sent: Sent;
  readonly item: SentItem;
  /** `transaction_status`, as it is or will be shown. */
  status: string;
  errors: object | null;
  later: { readonly at: number; readonly status: string; readonly errors?: object } | null;
}

export interface PaypalRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Reply = 'never' | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

/** What becomes of a send; absent members: it is taken, and paid. */
export interface PaypalFate {
  readonly refusal?: Reply;
  readonly status?: string;
  readonly errors?: object;
  readonly later?: { readonly after_ms: number; readonly status: string; readonly errors?: object };
  /** `never`: taken, and never answered. */
  readonly answer?: Reply;
}

export interface PaypalServerOptions {
  readonly fate?: (item: SentItem, sends: number) => PaypalFate;
}

export const paypalError = (name: string, more: object = {}): object => ({
  name,
  message: `${name}.`,
  debug_id: 'a1b2c3',
  information_link: 'https://developer.paypal.com/',
  details: [],
  links: [],
  ...more,
});

const UNHEARD_OF: Reply = { status: 404, body: paypalError('INVALID_RESOURCE_ID') };

/**
 * PayPal Payouts v1 on loopback, as far as its documentation says how it answers (batches of one item): the token, one
 * `sender_batch_id` once, free again after DENIED, the link to the first batch, and items that are processed after the answer.
 */
export class PaypalServer {
  readonly clientId = 'client-of-the-test';
  readonly clientSecret = randomBytes(24).toString('base64url');
  readonly batches: PaypalBatch[] = [];
  readonly requests: PaypalRequest[] = [];
  private readonly tokens = new Set<string>();
  private readonly sends = new Map<string, number>();
  private readonly server: Server;
  private answerToToken: Reply | null = null;
  fate: NonNullable<PaypalServerOptions['fate']>;

  private constructor({ fate = () => ({}) }: PaypalServerOptions) {
    this.fate = fate;
    this.server = createServer((request, response) => void this.serve(request, response).catch(() => request.socket.destroy()));
  }

  static async start(options: PaypalServerOptions = {}): Promise<PaypalServer> {
    const paypal = new PaypalServer(options);
    await new Promise<void>((resolve) => paypal.server.listen(0, '127.0.0.1', resolve));
    return paypal;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get config(): { base_url: string; client_id: string; client_secret: string } {
    return { base_url: this.url, client_id: this.clientId, client_secret: this.clientSecret };
  }

  /** So often a token was asked for. */
  get grants(): number {
    return this.requests.filter(({ path }) => path === '/v1/oauth2/token').length;
  }

  /** Every token that was given is worth nothing from now on. */
  withdrawTokens(): void {
    this.tokens.clear();
  }

  /** Whoever asks for a token is answered so from now on; null: as usual. */
  refuseTokens(answer: Reply | null): void {
    this.answerToToken = answer;
  }

  under(senderBatchId: string): readonly PaypalBatch[] {
    return this.batches.filter(({ sent }) => sent.sender_batch_header.sender_batch_id === senderBatchId);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const { method = '', url = '/', headers } = request;
    const path = new URL(url, this.url).pathname;
    this.requests.push({ method, path, headers, body });
    const reply = this.replyTo(this.requests.at(-1)!);
    if (reply === 'never') return;
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  }

  private replyTo({ method, path, headers: { authorization = '' }, body }: PaypalRequest): Reply {
    if (path === '/v1/oauth2/token') return this.grant(authorization);
    if (!this.tokens.has(authorization.replace('Bearer ', '')))
      return { status: 401, body: paypalError('AUTHENTICATION_FAILURE', { message: `Not ${authorization}` }) };
    if (method === 'POST' && path === '/v1/payments/payouts') return this.create(JSON.parse(body) as Sent);
    const [, batchId] = /^\/v1\/payments\/payouts\/([^/]+)$/.exec(path) ?? [];
    if (method === 'GET' && batchId !== undefined) return this.show(batchId);
    const [, itemId] = /^\/v1\/payments\/payouts-item\/([^/]+)\/cancel$/.exec(path) ?? [];
    if (method === 'POST' && itemId !== undefined) return this.cancel(itemId);
    return UNHEARD_OF;
  }

  private grant(authorization: string): Reply {
    if (this.answerToToken !== null) return this.answerToToken;
    const expected = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64');
    if (authorization !== `Basic ${expected}`)
      return { status: 401, body: { error: 'invalid_client', error_description: 'Client Authentication failed' } };
    const token = `A21AA${randomBytes(24).toString('base64url')}`;
    this.tokens.add(token);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 32_400, scope: '' } };
  }

  private create(sent: Sent): Reply {
    const key = sent.sender_batch_header.sender_batch_id ?? '';
    const first = this.under(key).findLast((batch) => batchStatusOf(batch) !== 'DENIED');
    if (first !== undefined) return { status: 400, body: alreadyExists(this.linkTo(first).href) };
    const [item] = sent.items;
    if (item === undefined || item.receiver === '') return { status: 400, body: paypalError('VALIDATION_ERROR') };
    const sends = (this.sends.get(key) ?? 0) + 1;
    this.sends.set(key, sends);
    const fate = this.fate(item, sends);
    if (fate.refusal !== undefined) return fate.refusal;
    const batch = this.take(sent, item, fate);
    const { sender_batch_header } = sent;
    const batch_header = { payout_batch_id: batch.id, batch_status: 'PENDING', sender_batch_header };
    return fate.answer ?? { status: 201, body: { batch_header, links: [this.linkTo(batch)] } };
  }

  private take(sent: Sent, item: SentItem, { status = 'SUCCESS', errors, later }: PaypalFate): PaypalBatch {
    const batch: PaypalBatch = {
      id: paypalId(),
      itemId: paypalId(),
      sent,
      item,
      status,
      errors: errors ?? null,
      later: later === undefined ? null : { ...later, at: Date.now() + later.after_ms },
    };
    this.batches.push(batch);
    return batch;
  }

  private show(id: string): Reply {
    const batch = this.batches.find((one) => one.id === id);
    if (batch === undefined) return UNHEARD_OF;
    const { sender_batch_header } = batch.sent;
    const batch_header = { payout_batch_id: id, batch_status: batchStatusOf(batch), sender_batch_header };
    return { status: 200, body: { batch_header, items: [itemOf(batch)], links: [] } };
  }

  private cancel(itemId: string): Reply {
    const batch = this.batches.find((one) => one.itemId === itemId);
    if (batch === undefined) return UNHEARD_OF;
    mature(batch);
    if (batch.status === 'RETURNED') return { status: 400, body: paypalError('ITEM_ALREADY_CANCELLED') };
    if (batch.status !== 'UNCLAIMED') return { status: 400, body: paypalError('ITEM_INCORRECT_STATUS') };
    batch.status = 'RETURNED';
    return { status: 200, body: { ...itemOf(batch), sender_batch_id: batch.sent.sender_batch_header.sender_batch_id } };
  }

  private linkTo({ id }: PaypalBatch) {
    return { href: `${this.url}/v1/payments/payouts/${id}`, rel: 'self', method: 'GET', encType: 'application/json' };
  }
}

/** A connector with a deadline that a test can wait for. */
export function openPaypal(config: Readonly<Record<string, unknown>>): Connector {
  const type = paypalConnectorType({ plainHttpAnywhere: false, timeoutMax_ms: 30_000 });
  const parsed = type.parseConfig({ timeout_ms: 500, ...config });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return type.open({ connectorId: 'connector', config: parsed.config, maxConcurrency: 32 });
}

/** As PayPal writes it: a singular `link`. */
export const alreadyExists = (href: string): object =>
  paypalError('USER_BUSINESS_ERROR', {
    message: 'User business error.',
    details: [
      {
        field: 'SENDER_BATCH_ID',
        location: 'body',
        issue: 'Batch with given sender_batch_id already exists',
        link: [{ href, rel: 'self', method: 'GET', encType: 'application/json' }],
      },
    ],
  });

function mature(batch: PaypalBatch): void {
  if (batch.later === null || Date.now() < batch.later.at) return;
  batch.status = batch.later.status;
  batch.errors = batch.later.errors ?? null;
  batch.later = null;
}

function batchStatusOf(batch: PaypalBatch): string {
  mature(batch);
  if (batch.status === 'FAILED') return 'DENIED';
  return batch.status === 'PENDING' ? 'PROCESSING' : 'SUCCESS';
}

function itemOf(batch: PaypalBatch): object {
  mature(batch);
  return {
    payout_item_id: batch.itemId,
    transaction_status: batch.status,
    payout_item_fee: { currency: batch.item.amount.currency, value: '0.25' },
    payout_batch_id: batch.id,
    payout_item: batch.item,
    ...(batch.errors === null ? {} : { errors: batch.errors }),
    links: [],
  };
}

const paypalId = (): string => randomUUID().replaceAll('-', '').slice(0, 13).toUpperCase();

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
