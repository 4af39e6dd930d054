import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Connector } from '../../src/connectors/connector.js';
import { paypalConnectorType } from '../../src/connectors/paypal/paypal.connector.js';
import { openConnector } from './open-connector.js';
import {
  type Fate,
  mature,
  type RecordedRequest,
  RecordingServer,
  type Reply,
  type Standing,
  standingBy,
} from './recording-server.js';

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

/** A batch in PayPal's books; its status is the `transaction_status` of its item. */
export interface PaypalBatch extends Standing {
  readonly id: string;
  readonly itemId: string;
  readonly sent: Sent;
  readonly item: SentItem;
}

/** A webhook on its way to a listener. */
export interface PaypalWebhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
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

const QUESTIONS = '/v1/notifications/verify-webhook-signature';

/**
 * PayPal Payouts v1 on loopback, as far as its documentation says how it answers (batches of one item): the token, one
 * `sender_batch_id` once, free again after DENIED, the link to the first batch, items that are processed after the answer,
 * and webhooks, with whose signature it is asked whether they are its own.
 */
export class PaypalServer extends RecordingServer<SentItem> {
  readonly clientId = 'client-of-the-test';
  readonly clientSecret = randomBytes(24).toString('base64url');
  readonly batches: PaypalBatch[] = [];
  private readonly tokens = new Set<string>();
  private answerToToken: Reply | null = null;
  private answerToQuestions: Reply | null = null;
  readonly webhookId = '9XL90610J3647323C';
  private readonly signingKey = randomBytes(32);

  static start({ fate }: { readonly fate?: (item: SentItem, sends: number) => Fate } = {}): Promise<PaypalServer> {
    return new PaypalServer(fate).listening();
  }

  get config(): { base_url: string; client_id: string; client_secret: string; webhook_id: string } {
    return { base_url: this.url, client_id: this.clientId, client_secret: this.clientSecret, webhook_id: this.webhookId };
  }

  /** Tells of this, as if to this listener; no JSON library of ours would write the body like this. */
  webhook(resource: object, webhookId = this.webhookId): PaypalWebhook {
    const body = `{"id":"WH-${paypalId()}","event_version":1.0, "summary":"\\u0041 \\/ B","resource":${JSON.stringify(resource)}}`;
    const [id, time] = [randomUUID(), new Date().toISOString()];
    const headers = {
      'content-type': 'application/json',
      'paypal-auth-algo': 'SHA256withRSA',
      'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77',
      'paypal-transmission-id': id,
      'paypal-transmission-sig': this.signatureOf([id, time, webhookId], body),
      'paypal-transmission-time': time,
    };
    return { headers, body };
  }

  /** The bodies in which it was asked whether a webhook is its own. */
  get questions(): readonly string[] {
    return this.requests.filter(({ path }) => path === QUESTIONS).map(({ body }) => body);
  }

  /** Whoever asks that is answered so from now on; null: as usual. */
  refuseQuestions(answer: Reply | null): void {
    this.answerToQuestions = answer;
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

  protected replyTo({ method, path, headers: { authorization = '' }, body }: RecordedRequest): Reply {
    if (path === '/v1/oauth2/token') return this.grant(authorization);
    if (!this.tokens.has(authorization.replace('Bearer ', '')))
      return { status: 401, body: paypalError('AUTHENTICATION_FAILURE', { message: `Not ${authorization}` }) };
    if (method === 'POST' && path === '/v1/payments/payouts') return this.create(JSON.parse(body) as Sent);
    if (method === 'POST' && path === QUESTIONS) return this.answerToQuestions ?? this.confirm(body);
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
    const fate = this.nextFateOf(key, item);
    if (fate.refusal !== undefined) return fate.refusal;
    const batch = this.take(sent, item, fate);
    const { sender_batch_header } = sent;
    const batch_header = { payout_batch_id: batch.id, batch_status: 'PENDING', sender_batch_header };
    return fate.answer ?? { status: 201, body: { batch_header, links: [this.linkTo(batch)] } };
  }

  private take(sent: Sent, item: SentItem, fate: Fate): PaypalBatch {
    const batch = { id: paypalId(), itemId: paypalId(), sent, item, ...standingBy(fate, 'SUCCESS') };
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

  private confirm(question: string): Reply {
    const asked = JSON.parse(question) as Readonly<Record<string, string>>;
    const [, event = ''] = /"webhook_event":(.*)}$/s.exec(question) ?? [];
    const signed = ['transmission_id', 'transmission_time', 'webhook_id'].map((member) => asked[member] ?? '');
    const isOurs = asked['transmission_sig'] === this.signatureOf(signed, event);
    return { status: 200, body: { verification_status: isOurs ? 'SUCCESS' : 'FAILURE' } };
  }

  /** Over what PayPal signs; by a key instead of a certificate, because nobody but PayPal itself looks at it. */
  private signatureOf(signed: readonly string[], event: string): string {
    return createHmac('sha256', this.signingKey)
      .update([...signed, crc32(event)].join('|'))
      .digest('base64');
  }

  private linkTo({ id }: PaypalBatch) {
    return { href: `${this.url}/v1/payments/payouts/${id}`, rel: 'self', method: 'GET', encType: 'application/json' };
  }
}

export const openPaypal = (config: Readonly<Record<string, unknown>>): Connector => openConnector(paypalConnectorType, config);

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
