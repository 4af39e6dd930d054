import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { ApiClient } from '../support/api-client.js';
import { amountOf, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { dotsDocument, openapiDocument, paypalDocument } from '../support/openapi-answers.js';
import { paypalToken } from '../support/paypal-token.js';
import { showsAnotherAmount } from '../support/provider-server.js';
import { type ProviderWorld, providerWorld } from '../support/provider-world.js';
import { strayPayment } from '../support/stray-payment.js';
import { asAdmin } from '../support/test-server.js';
import { eventually } from '../support/until.js';
import { markedDigits } from './marks.js';

/** A request that changes something, and the fields whose before and after its entry has to tell; none: its name says all. */
interface Deed {
  readonly path: string;
  readonly body?: unknown;
  readonly tells: readonly string[];
}

interface Entry {
  readonly action: string;
  readonly actor_kind: string;
  readonly actor_id: string | null;
  readonly subject: string | null;
  readonly changes: readonly { readonly field: string; readonly before?: unknown; readonly after?: unknown }[];
}

/** Operations that are no reads, and change nothing of anybody's. */
const CHANGE_NOTHING: Readonly<Record<string, string>> = {
  validateBulk: 'a dry run',
  receiveNotification: 'a provider speaks, and events tell what it says',
  grantPaypalToken: 'a token is a key in another form',
};

const PERSON = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com', country_code: '1' };
const ACH = { platform: 'ach', routing_number: '021000021', account_number: '123456789', account_type: 'checking' };
const PAYPAL_ITEM = { receiver: 'ada@nowhere.test', amount: { currency: 'USD', value: '1.00' } };
const PAYPAL_BATCH = { sender_batch_header: { recipient_type: 'EMAIL' }, items: [PAYPAL_ITEM] };
const LATER = { scheduled_date: tomorrow() };
const reason = 'as the test says';

let world: ProviderWorld;
let merchant: MerchantClient;
/** How the two doors are shown the merchant's key. */
let authorization: Readonly<Record<'dots' | 'paypal', string>>;

beforeAll(async () => {
  world = await providerWorld({ provider: { fate: showsAnotherAmount } });
  merchant = await world.app.merchant();
  const { api_key_id: id, api_key: secret } = merchant.created;
  authorization = {
    dots: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    paypal: `Bearer ${String(await paypalToken(world.app.url, { id, secret }))}`,
  };
});
afterAll(() => world.close());

const idOf = async (asked: Promise<{ body: { id: string }; text: string }>): Promise<string> => (await asked).body.id;
const bulk = async (item: object = LATER): Promise<string> => (await merchant.createValidated([validItem({ ...item })])).id;
const payout = async (item: object = LATER): Promise<string> => (await merchant.payoutOf(await bulk(item))).id;
const apiKey = (): Promise<string> => idOf(world.app.operator.post(`/v1/operator/merchants/${merchant.id}/api-keys`, {}));
const operatorKey = (): Promise<string> => idOf(world.app.operator.post('/v1/operator/keys', { name: 'Ops' }));
const endpoint = async (): Promise<string> => (await merchant.registerEndpoint(`http://127.0.0.1:9/${randomUUID()}`)).id;
const atDots = <Body>(path: string, body: object) =>
  new ApiClient(world.app.url, null).post<Body>(`/api/v2${path}`, body, { authorization: authorization.dots });
const user = (): Promise<string> => idOf(atDots('/users', { ...PERSON, phone_number: `212${markedDigits(7)}` }));
const link = { amount: 100, payee: { country_code: '1', phone_number: '2125550143' } };
const at = (path: string): string => `/v1/operator/merchants/${merchant.id}${path}`;
const connector = (path: string): string => `/v1/operator/connectors/${world.connectorId}${path}`;

async function delivery(): Promise<string> {
  await endpoint();
  await bulk();
  const [first] = await eventually(
    () => merchant.all<{ id: string }>('/v1/webhook-deliveries'),
    (all) => all.length > 0,
  );
  return first!.id;
}

/** A resend that has not ended, however soon its worker is done with it. */
async function resend(): Promise<string> {
  const id = await idOf(merchant.post('/v1/webhook-deliveries/resend', { bulk_id: await bulk() }));
  await asAdmin(world.app.databaseUrl, (admin) =>
    admin.query(
      `UPDATE webhook_resend SET state = 'matching', finished_at = NULL, look_at = now() + interval '1 day' WHERE id = $1`,
      [fromTypeId('resend', id)],
    ),
  );
  return id;
}

async function inReview(): Promise<string> {
  const { id } = await world.merchant.createBulk([validItem()]);
  const [found] = await eventually(
    () => world.merchant.payouts(id),
    (all) => all.every(({ intent }) => intent?.status === 'needs_review'),
  );
  return found!.intent!.id;
}

async function refused(): Promise<string> {
  const { id } = await merchant.createBulk([validItem({ amount: amountOf(9003) })]);
  const [found] = await merchant.untilAtRest(id);
  return found!.id;
}

/** An item that waits for a receiver whom nobody knows. */
async function unclaimed(): Promise<string> {
  const client = new ApiClient(world.app.url, null);
  const made = await client.post<{ batch_header: { payout_batch_id: string } }>('/v1/payments/payouts', PAYPAL_BATCH, {
    authorization: authorization.paypal,
  });
  const [found] = await eventually(
    () => merchant.payouts(`bulk_${made.body.batch_header.payout_batch_id}`),
    (all: readonly Payout[]) => all[0]?.intent?.status === 'unclaimed',
  );
  return found!.id.slice('payout_'.length);
}

/** One for each operation, by the name that the API documents give it. */
const deeds: Readonly<Record<string, () => Promise<Deed> | Deed>> = {
  createMerchant: () => ({ path: '/v1/operator/merchants', body: { name: 'Another' }, tells: ['name'] }),
  updateMerchant: () => ({ path: at(''), body: { timezone: 'Europe/Berlin' }, tells: ['timezone'] }),
  createApiKey: () => ({ path: at('/api-keys'), body: { name: 'Second' }, tells: ['name'] }),
  revokeApiKey: async () => ({ path: at(`/api-keys/${await apiKey()}`), tells: ['revoked'] }),
  rotateWebhookSecret: () => ({ path: at('/rotate-webhook-secret'), body: {}, tells: [] }),
  pauseMerchant: () => ({ path: at('/pause'), body: { reason }, tells: ['paused'] }),
  resumeMerchant: () => ({ path: at('/resume'), tells: ['paused'] }),
  eraseReceiver: async () => {
    const id = await payout({ ...LATER, payout_method: { type: 'wallet', account_id: randomUUID() } });
    await merchant.post(`/v1/payouts/${id}/cancel`);
    return { path: at('/erase-receiver'), body: { payout_id: id }, tells: ['receiver', 'payouts'] };
  },
  createOperatorKey: () => ({ path: '/v1/operator/keys', body: { name: 'Ops' }, tells: ['name'] }),
  revokeOperatorKey: async () => ({ path: `/v1/operator/keys/${await operatorKey()}`, tells: ['revoked'] }),
  createConnector: () => ({
    path: '/v1/operator/connectors',
    body: { name: 'Gateway', type: 'http', config: { base_url: 'http://127.0.0.1:9', token: 'token_of_the_gateway' } },
    tells: ['name'],
  }),
  updateConnector: () => ({ path: connector(''), body: { max_concurrency: 3 }, tells: ['max_concurrency'] }),
  pauseConnector: () => ({ path: connector('/pause'), body: { reason }, tells: ['paused'] }),
  resumeConnector: () => ({ path: connector('/resume'), tells: ['paused'] }),
  pauseEngine: () => ({ path: '/v1/operator/pause', body: { reason }, tells: ['paused'] }),
  resumeEngine: () => ({ path: '/v1/operator/resume', tells: ['paused'] }),
  liftQuarantine: async () => {
    await asAdmin(world.app.databaseUrl, (admin) => admin.query(`UPDATE engine SET quarantined_at = now()`));
    return { path: '/v1/operator/quarantine/lift', body: { reason }, tells: ['reason'] };
  },
  acknowledgeStrayPayment: async () => ({
    path: `/v1/operator/stray-payments/${await strayPayment(world.app.databaseUrl, world.connectorId)}/acknowledge`,
    body: { reason },
    tells: ['acknowledge_reason'],
  }),
  resolveIntent: async () => ({
    path: `/v1/operator/intents/${await inReview()}/resolve`,
    body: { status: 'succeeded', reason },
    tells: ['status'],
  }),

  createBulk: () => ({ path: '/v1/bulks', body: { label: 'October', items: [validItem(LATER)] }, tells: ['label'] }),
  editBulk: async () => ({ path: `/v1/bulks/${await bulk()}`, body: { label: 'November' }, tells: ['label'] }),
  pauseBulk: async () => ({ path: `/v1/bulks/${await bulk()}/pause`, tells: ['paused'] }),
  resumeBulk: async () => {
    const id = await bulk();
    await merchant.post(`/v1/bulks/${id}/pause`);
    return { path: `/v1/bulks/${id}/resume`, tells: ['paused'] };
  },
  cancelBulk: async () => ({ path: `/v1/bulks/${await bulk()}/cancel`, tells: ['payouts/'] }),
  editPayout: async () => ({ path: `/v1/payouts/${await payout()}`, body: { amount: '7.00' }, tells: ['payouts/'] }),
  cancelPayout: async () => ({ path: `/v1/payouts/${await payout()}/cancel`, tells: ['payouts/'] }),
  retryPayout: async () => ({ path: `/v1/payouts/${await refused()}/retry`, tells: ['attempt'] }),

  createWebhookEndpoint: () => ({ path: '/v1/webhook-endpoints', body: { url: 'http://127.0.0.1:9/new' }, tells: ['url'] }),
  updateWebhookEndpoint: async () => ({
    path: `/v1/webhook-endpoints/${await endpoint()}`,
    body: { description: 'Ours' },
    tells: ['description'],
  }),
  deleteWebhookEndpoint: async () => ({ path: `/v1/webhook-endpoints/${await endpoint()}`, tells: ['url'] }),
  disableWebhookEndpoint: async () => ({ path: `/v1/webhook-endpoints/${await endpoint()}/disable`, tells: ['status'] }),
  enableWebhookEndpoint: async () => {
    const id = await endpoint();
    await merchant.post(`/v1/webhook-endpoints/${id}/disable`);
    return { path: `/v1/webhook-endpoints/${id}/enable`, body: { backlog: 'drop' }, tells: ['status'] };
  },
  pingWebhookEndpoint: async () => ({ path: `/v1/webhook-endpoints/${await endpoint()}/ping`, tells: [] }),
  rotateWebhookEndpointSecret: async () => ({
    path: `/v1/webhook-endpoints/${await endpoint()}/rotate-secret`,
    body: {},
    tells: [],
  }),
  resendWebhookDelivery: async () => ({ path: `/v1/webhook-deliveries/${await delivery()}/resend`, tells: [] }),
  createWebhookResend: async () => ({
    path: '/v1/webhook-deliveries/resend',
    body: { bulk_id: await bulk() },
    tells: ['bulk_id'],
  }),
  cancelWebhookResend: async () => ({ path: `/v1/webhook-resends/${await resend()}/cancel`, tells: ['state'] }),

  createDotsUser: () => ({ path: '/api/v2/users', body: { ...PERSON, phone_number: `212${markedDigits(7)}` }, tells: [] }),
  deleteDotsUser: async () => ({ path: `/api/v2/users/${await user()}`, tells: [] }),
  putDotsPayoutMethod: async () => ({ path: `/api/v2/users/${await user()}/payout-methods`, body: ACH, tells: [] }),
  addDotsPayoutMethod: async () => ({ path: `/api/v2/users/${await user()}/payout-methods`, body: ACH, tells: [] }),
  createDotsBatch: async () => ({
    path: '/api/v2/payout-batches',
    body: { items: [{ user_id: await user(), amount: 100, platform: 'default', fund: true, idempotency_key: randomUUID() }] },
    tells: ['item_count'],
  }),
  sendDotsPayout: () => ({ path: '/api/v2/payouts/send-payout', body: link, tells: ['status'] }),
  cancelDotsPayoutLink: async () => ({
    path: `/api/v2/payout-links/${await idOf(atDots('/payouts/send-payout', link))}`,
    tells: ['status'],
  }),

  createPaypalBatch: () => ({ path: '/v1/payments/payouts', body: PAYPAL_BATCH, tells: ['item_count'] }),
  cancelPaypalItem: async () => ({ path: `/v1/payments/payouts-item/${await unclaimed()}/cancel`, tells: ['intent'] }),
};

const operations = [openapiDocument, dotsDocument, paypalDocument].flatMap(({ paths }) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'get')
      .map(([method, { operationId }]) => ({ name: operationId, method: method.toUpperCase(), path })),
  ),
);

function headersFor(path: string): Record<string, string> {
  if (path.startsWith('/api/v2')) return { authorization: authorization.dots };
  if (path.startsWith('/v1/payments')) return { authorization: authorization.paypal };
  return { authorization: `Bearer ${String((path.startsWith('/v1/operator') ? world.app.operator : merchant).key)}` };
}

async function entriesOf(requestId: string | null): Promise<Entry[]> {
  let entries: Entry[] = [];
  await asAdmin(world.app.databaseUrl, async (admin) => {
    entries = (await admin.query<Entry>(`SELECT * FROM audit_entry WHERE request_id = $1`, [requestId])).rows;
  });
  return entries;
}

describe('The audit', () => {
  it('knows of every operation whether it changes something: a new one is a line here', () => {
    const known = [...Object.keys(deeds), ...Object.keys(CHANGE_NOTHING)];
    expect(known.sort()).toEqual(operations.map(({ name }) => name).sort());
  });

  it.each(operations.filter(({ name }) => name in deeds))(
    'has one entry of $name, with who did it to what, and what it was before and after',
    async ({ name, method }) => {
      const { path, body, tells } = await deeds[name]!();
      const answer = await new ApiClient(world.app.url, null).send(method, path, { body, headers: headersFor(path) });
      expect([answer.status < 300, answer.text]).toEqual([true, answer.text]);
      const entries = await entriesOf(answer.headers.get('request-id'));
      expect(entries.map(({ action }) => action)).toEqual([name]);
      const [{ actor_kind, actor_id, changes, subject }] = entries as [Entry];
      const byOperator = path.startsWith('/v1/operator');
      expect([actor_kind, actor_id]).toEqual(byOperator ? ['operator', null] : ['merchant_key', merchant.created.api_key_id]);
      const told = changes.filter(({ before = null, after = null }) => JSON.stringify(before) !== JSON.stringify(after));
      // Of the engine there is one, which has no id.
      const nameless = /^\/v1\/operator\/(pause|resume|quarantine)/.test(path);
      expect(typeof subject).toBe(nameless ? 'object' : 'string');
      const untold = tells.filter((field) => !told.some((change) => change.field.startsWith(field)));
      expect([changes, untold]).toEqual([changes, []]);
      // What was there before is told of whatever was there before.
      if (/(pause|resume|resolve|cancel)/i.test(name) && changes.length > 0)
        expect([changes, changes.some(({ before = null }) => before !== null)]).toEqual([changes, true]);
    },
  );
});
