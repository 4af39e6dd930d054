import { randomBytes, randomUUID } from 'node:crypto';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import { type Answer, ApiClient } from '../support/api-client.js';
import { DotsClient } from '../support/dots-client.js';
import { amountOf, type Item, newReference, tomorrow } from '../support/items.js';
import { MerchantClient } from '../support/merchant-client.js';
import { postForm } from '../support/payout-link-form.js';
import { paypalToken } from '../support/paypal-token.js';
import { type Fate, type LedgerEntry, type Provider, startProvider, type WireRequest } from '../support/provider-server.js';
import { type Received, type Receiver, startReceiver } from '../support/receiver-server.js';
import { eventually } from '../support/until.js';
import { markedBilling, markedDigits, markedMethods, markedWord, Marks } from './marks.js';

/** What a whole life leaves behind where somebody could read it. */
export interface Traces {
  /** Bodies of all refusals. */
  readonly refusals: string[];
  /** What is told of payouts to who may not see account data: events, webhooks, attempts, deliveries, reasons, audit. */
  readonly told: string[];
  readonly metrics: string[];
}

export interface Life {
  /** Of receivers, and keys and secrets: nobody but the provider may see them. */
  readonly hidden: Marks;
  /** What merchants call things: theirs to see and ours to keep, and nothing for logs, figures and traces. */
  readonly names: Marks;
  readonly traces: Traces;
}

interface Scene extends Life {
  readonly operator: ApiClient;
  readonly provider: Provider;
  readonly receiver: Receiver;
  readonly methods: ReturnType<typeof markedMethods>;
  readonly billing: ReturnType<typeof markedBilling>;
  connectorId: string;
}

/** The newest of those that were sent, to both endpoints. */
const DELIVERIES_READ = 20;

type Told = Readonly<Record<string, unknown>>;

/** Everything that a program can be asked to do with account data and secrets, and everything that can go wrong with it. */
export async function liveMarkedLife(url: string, operatorKey: string): Promise<Life> {
  const scene = await openScene(url, operatorKey);
  try {
    scene.connectorId = await connect(scene);
    const paid = await merchantOf(scene, scene.connectorId);
    const played = await merchantOf(scene, null);
    const reviewed = await payThroughProvider(scene, paid);
    await resolve(scene, reviewed);
    await playThroughSandbox(scene, played);
    await payThroughPaypalDoor(scene, played);
    await payThroughDotsDoor(scene, played);
    await sendNonsense(scene, played);
    await readAll(scene, [paid, played]);
  } finally {
    await scene.receiver.close();
    await scene.provider.close();
  }
  return scene;
}

async function openScene(url: string, operatorKey: string): Promise<Scene> {
  const [hidden, names] = [new Marks(), new Marks()];
  return {
    ...{ hidden, names, methods: markedMethods(hidden), billing: markedBilling(hidden), connectorId: '' },
    provider: await startProvider({ fate: fateOf }),
    receiver: await startReceiver({ answer: echo }),
    operator: new ApiClient(url, operatorKey),
    traces: { refusals: [], told: [], metrics: [] },
  };
}

/** @returns the connector to the provider, which has told of a payment before there is anything that it could mean: that is kept. */
async function connect(scene: Scene): Promise<string> {
  const { hidden, names, provider, operator, methods } = scene;
  hidden.keep('token of the provider', provider.token);
  const secret = hidden.keep('secret of notifications', `whsec_${randomBytes(32).toString('base64')}`);
  const config = { base_url: provider.url, token: provider.token, timeout_ms: 10_000, stale_window_ms: 500 };
  const { id } = expectStatus(
    await operator.post<ConnectorDto>('/v1/operator/connectors', {
      ...{ name: names.keep('name of the connector', markedWord('Gateway')), type: 'http' },
      config: { ...config, key_retention_hours: 24, notification_secret: secret },
    }),
    201,
  );
  const url = `${operator.url}/v1/connectors/${id}/notifications`;
  const failure = { code: 'closed', message: JSON.stringify(methods), retryable: false };
  const status = await provider.notify({ url, secret, entry: { ...STRANGER, failure } });
  if (status !== 204) throw new Error(`the notification was answered ${status}`);
  return id;
}

async function merchantOf({ operator, names, hidden }: Scene, connectorId: string | null): Promise<MerchantClient> {
  const name = names.keep('name of the merchant', markedWord('Merchant'));
  const body = { name, ...(connectorId === null ? {} : { connector_id: connectorId }) };
  const headers = { 'idempotency-key': newReference() };
  const made = expectStatus(await operator.post<CreatedMerchantDto>('/v1/operator/merchants', body, headers), 201);
  hidden.keep('key of the merchant', made.api_key);
  hidden.keep('secret of the merchant', made.webhook_signing_secret);
  return new MerchantClient(operator.url, made, () => Promise.resolve());
}

const itemOf = ({ names, methods, billing }: Scene, more: Told): Item => ({
  reference: names.keep('reference', markedWord('REF')),
  ...{ amount: '120.50', currency: 'EUR', payout_method: methods['iban'], billing_data: billing },
  metadata: { note: names.keep('metadata', markedWord('note')) },
  ...more,
});

/** A provider that repeats what it was sent, whatever it makes of it. */
function fateOf(wire: WireRequest, sends: number): Fate {
  const words = `${JSON.stringify(wire.payout_method)} ${JSON.stringify(wire.billing_data)}`;
  const failure = { code: `closed ${JSON.stringify(wire.payout_method)}`, message: words, retryable: true };
  switch (wire.metadata?.['fate']) {
    case 'refused':
      return { takes: false, answer: { status: 422, body: failure } };
    case 'failed':
      return { takes: true, status: 'failed', failure };
    case 'told later':
      return { takes: true, status: 'pending', later: { after_ms: 0, status: 'failed', failure } };
    case 'broken':
      return sends === 1 ? { takes: false, answer: { status: 500, body: failure } } : { takes: true };
    case 'garbled':
      return sends === 1 ? { takes: false, answer: { status: 200, body: `<p>${words}</p>` } } : { takes: true };
    case 'other amount':
      return {
        takes: true,
        answer: { status: 201, body: { id: wire.intent_id, status: 'succeeded', amount: '1.00', currency: 'EUR', failure } },
      };
    default:
      return { takes: true };
  }
}

/** @returns the intent that a person has to decide. */
async function payThroughProvider(scene: Scene, merchant: MerchantClient): Promise<string> {
  const { names, hidden, receiver, methods } = scene;
  const created = await merchant.registerEndpoint(`${receiver.url}/registered`, {
    description: names.keep('description', markedWord('endpoint')),
    headers: { authorization: `Basic ${hidden.keep('header of the endpoint', markedWord('gate'))}` },
  });
  hidden.keep('secret of the endpoint', created.secret);
  const fates = ['refused', 'failed', 'told later', 'broken', 'garbled', 'other amount'];
  const bulk = await merchant.createBulk({
    ...{ reference: names.keep('reference of the bulk', markedWord('BULK')), webhook_url: receiver.url },
    label: names.keep('label', markedWord('Label')),
    items: [
      ...fates.map((fate) => itemOf(scene, { metadata: { fate } })),
      ...Object.values(methods).map((method) => itemOf(scene, { payout_method: method })),
    ],
  });
  const payouts = await eventually(
    () => merchant.payouts(bulk.id),
    (all) => all.every(({ final, intent }) => final || intent?.status === 'needs_review'),
  );
  return payouts.find(({ intent }) => intent?.status === 'needs_review')!.intent!.id;
}

async function resolve({ operator, methods, billing }: Scene, intentId: string): Promise<void> {
  const reason = `The bank says that ${methods['iban']['iban']} of ${billing['last_name']} is closed.`;
  expectStatus(await operator.post(`/v1/operator/intents/${intentId}/resolve`, { status: 'failed', reason }), 200);
}

async function playThroughSandbox(scene: Scene, merchant: MerchantClient): Promise<void> {
  const { methods, hidden } = scene;
  const key = () => ({ 'idempotency-key': newReference('key') });
  const items = [
    ...Object.values(methods).map((method) => itemOf(scene, { payout_method: method })),
    itemOf(scene, { amount: amountOf(9003) }),
    itemOf(scene, { scheduled_date: tomorrow() }),
    itemOf(scene, { payout_method: { ...methods['iban'], type: 'pigeon' } }),
  ];
  const { id } = expectStatus(await merchant.post<{ id: string }>('/v1/bulks', { items }, key()), 201);
  await merchant.untilBulk(
    id,
    ({ counts }) => counts['PROCESSED'] === items.length - 3 && counts['INTENT_CREATION_FAILED'] === 1,
  );
  const [refused, waiting, invalid] = (await merchant.payouts(id)).slice(-3);
  const edits = [
    { last_name: hidden.keep('edited name', markedWord('Lovelace')) },
    { last_name: null, email: hidden.keep('edited e-mail', `${markedWord('n')}@example.net`) },
  ];
  for (const billing_data of edits) {
    expectStatus(await merchant.patch(`/v1/payouts/${waiting!.id}`, { billing_data }, key()), 200);
    // What is being judged can not be edited again.
    await merchant.untilValidated(id);
  }
  const holder = hidden.keep('edited holder', markedWord('Edited'));
  const payout_method = { ...methods['iban'], account_holder: holder };
  expectStatus(await merchant.patch(`/v1/payouts/${invalid!.id}`, { payout_method }, key()), 200);
  expectStatus(await merchant.post(`/v1/payouts/${refused!.id}/retry`, undefined, key()), 200);
  expectStatus(await merchant.post(`/v1/payouts/${waiting!.id}/cancel`, undefined, key()), 200);
  await merchant.untilValidated(id);
}

/** As a client of PayPal, whose words are kept to be shown again. */
async function payThroughPaypalDoor({ hidden, operator, traces }: Scene, { created }: MerchantClient): Promise<void> {
  const token = await paypalToken(operator.url, { id: created.api_key_id, secret: created.api_key });
  const client = new ApiClient(operator.url, hidden.keep('access token', String(token)));
  const key = () => ({ 'paypal-request-id': newReference() });
  const receiver = hidden.keep('receiver at the door', `${markedWord('d')}@nowhere.test`);
  const item = {
    receiver,
    amount: { currency: 'USD', value: '1.00' },
    note: hidden.keep('note at the door', markedWord('Dear')),
  };
  const sender_batch_header = { recipient_type: 'EMAIL', email_message: hidden.keep('message at the door', markedWord('Hello')) };
  const at = '/v1/payments/payouts';
  const { batch_header: batch } = expectStatus(
    await client.post<{ batch_header: { payout_batch_id: string } }>(at, { sender_batch_header, items: [item] }, key()),
    201,
  );
  const { items } = await eventually(
    async () =>
      (await client.get<{ items: { payout_item_id: string; transaction_status: string }[] }>(`${at}/${batch.payout_batch_id}`))
        .body,
    (shown) => shown.items[0]?.transaction_status === 'UNCLAIMED',
  );
  expectStatus(await client.post(`${at}-item/${items[0]!.payout_item_id}/cancel`, undefined, key()), 200);
  const everywhere = {
    amount: { currency: receiver, value: receiver },
    recipient_type: receiver,
    recipient_wallet: receiver,
    note: [receiver],
  };
  const refused = [
    client.post(at, {
      sender_batch_header: { ...sender_batch_header, recipient_type: receiver },
      items: [everywhere, { ...item, sender_item_id: receiver }, { ...item, sender_item_id: receiver }],
    }),
    client.get(`${at}/${receiver}?page=${receiver}&page_size=${receiver}`),
    client.post(`${at}-item/${receiver}/cancel`),
  ];
  traces.refusals.push(...(await Promise.all(refused)).map(({ text }) => text));
}

/** As a client of Dots, whose users are kept with the ways to pay them. */
async function payThroughDotsDoor({ hidden, operator, traces }: Scene, { created }: MerchantClient): Promise<void> {
  const client = new DotsClient(operator.url, created.api_key_id, created.api_key);
  const mark = (name: string): string => hidden.keep(`${name} at the door of Dots`, markedWord(name));
  const person = {
    ...{ first_name: mark('First'), last_name: mark('Last'), email: `${mark('mail')}@example.com`, country_code: '1' },
    ...{ phone_number: hidden.keep('phone of a user', markedDigits(10)), metadata: { note: mark('Note') } },
  };
  const { id } = await client.ok<{ id: string }>('POST', '/users', person);
  const account = hidden.keep('account of a user', markedDigits(12));
  const ach = { platform: 'ach', routing_number: '021000021', account_number: account, account_type: 'checking' };
  await client.ok('PUT', `/users/${id}/payout-methods`, ach);
  await client.ok('PUT', `/users/${id}/payout-methods`, { platform: 'venmo', handle: mark('@'), is_default: true });
  const item = { user_id: id, amount: 100, platform: 'ach', fund: true, metadata: mark('Invoice') };
  const items = [item, { ...item, platform: 'default' }].map((each) => ({ ...each, idempotency_key: randomUUID() }));
  const batch = await client.ok<{ id: string }>('POST', '/payout-batches', { items, metadata: mark('Week') });
  await eventually(
    () => client.ok<{ status: string }>('GET', `/payout-batches/${batch.id}`),
    ({ status }) => status === 'completed',
  );
  const payee = { country_code: '1', phone_number: person.phone_number };
  for (const to of [{ payee }, { payee: { ...payee, phone_number: hidden.keep('phone of a payee', markedDigits(11)) } }]) {
    const said = { memo: mark('Memo'), metadata: mark('Link'), delivery: { message: mark('Message') } };
    const { link } = await client.ok<{ link: string }>('POST', '/payouts/send-payout', { amount: 100, ...to, ...said });
    hidden.keep('token of a payout link', link.split('/').at(-1) ?? '');
    const form = {
      first_name: mark('Given'),
      last_name: mark('Family'),
      method: 'paypal',
      email: `${mark('payee')}@example.com`,
    };
    for (const fields of [{ ...form, email: account }, form, form]) await (await postForm(link, fields)).text();
  }
  const everywhere = { user_id: account, amount: account, platform: account, fund: account, idempotency_key: account };
  const refused = [
    client.refused('POST', '/payout-batches', { items: [everywhere, ...items, ...items] }),
    client.refused('POST', '/users', { ...person, phone_number: [person.phone_number], metadata: [person.email] }),
    client.refused('PUT', `/users/${id}/payout-methods`, { platform: account, account_number: [account] }),
    client.refused('GET', `/payout-batches?limit=${account}&starting_after=${account}`),
  ];
  traces.refusals.push(...(await Promise.all(refused)).map((refusal) => JSON.stringify(refusal)));
}

/** Marks where they do not belong, in every way that is refused or stumbled over. */
async function sendNonsense(scene: Scene, merchant: MerchantClient): Promise<void> {
  const { hidden, methods, billing, operator, connectorId } = scene;
  const iban = methods['iban']['iban'];
  const everywhere = Object.fromEntries(
    ['label', 'webhook_url', 'invalid_items', 'scheduled_date', 'timezone', 'control_totals', 'metadata', 'surplus'].map(
      (name) => [name, iban],
    ),
  );
  const wrong = [
    iban,
    [iban],
    { iban },
    { type: iban },
    { type: 'bank_account', iban: [iban], account_number: iban, sort_code: iban, surplus: iban },
  ];
  const odd = wrong.map((payout_method) =>
    itemOf(scene, { payout_method, billing_data: { ...billing, email: iban, address: iban, surplus: iban } }),
  );
  const { id } = expectStatus(await merchant.post<{ id: string }>('/v1/bulks', { items: odd }), 201);
  await merchant.untilValidated(id);
  scene.traces.told.push(JSON.stringify((await merchant.payouts(id)).map(({ issues }) => issues)));

  const client = new ApiClient(operator.url, hidden.keep('no key', markedWord('tr_test_')));
  const one = { items: [itemOf(scene, {})] };
  const text = JSON.stringify(one);
  const refusals: Promise<Answer<unknown>>[] = [
    merchant.post('/v1/bulks', { ...one, ...everywhere }),
    merchant.post('/v1/bulks', { items: iban }),
    merchant.post('/v1/bulks', { items: [{ reference: [iban], payout_method: methods['iban'] }, iban] }),
    merchant.post('/v1/bulks', text.slice(0, -3)),
    merchant.post('/v1/bulks', text.replace('"amount"', `"currency": "${iban}", "amount"`)),
    merchant.post('/v1/bulks', text, { 'content-type': `text/${iban}` }),
    merchant.post('/v1/bulks', text, { 'content-encoding': iban }),
    merchant.post('/v1/bulks', one, { 'idempotency-key': `${iban}\u00e4` }),
    merchant.patch(`/v1/bulks/${id}`, { items: [{ ...one.items[0], surplus: iban }] }, { 'if-match': iban }),
    merchant.get(`/v1/payouts/${iban}`),
    merchant.get(`/${iban}?${iban}=${iban}`),
    merchant.get(`/v1/payouts?status=${iban}&limit=${iban}&starting_after=${iban}&surplus=${iban}`),
    merchant.get(`/v1/events?after=${iban}&type=${iban}&bulk_id=${iban}`),
    merchant.post('/v1/webhook-endpoints', { url: `ftp://${iban}`, headers: { authorization: `${iban}\u0001`, cookie: iban } }),
    operator.post('/v1/operator/connectors', { name: 'Bad', type: 'http', config: { base_url: `ftp://${iban}`, token: [iban] } }),
    operator.post('/v1/operator/merchants', { name: [iban], timezone: iban, connector_id: iban, limits: { max_amount: iban } }),
    client.get('/v1/bulks'),
    client.post(`/v1/connectors/${connectorId}/notifications`, { type: 'payout_intent.updated', data: { id: iban } }),
    // What the database refuses: the constraint is the test's own, see the specification.
    operator.post('/v1/operator/connectors', {
      ...{ name: scene.names.keep('stumbling name', markedWord('STUMBLE')), type: 'http' },
      config: { base_url: 'https://gateway.example', token: hidden.keep('stumbling token', markedWord('token')) },
    }),
  ];
  for (const answer of await Promise.all(refusals)) {
    if (answer.status < 400) throw new Error(`answered ${answer.status}: ${answer.text}`);
    scene.traces.refusals.push(answer.text);
  }
  const dry = await merchant.post('/v1/bulks/validate', { items: odd });
  scene.traces.refusals.push(dry.text);
}

/** Everything that is told of payouts, to merchants, their endpoints and operators, beside the payouts themselves. */
async function readAll(scene: Scene, merchants: readonly MerchantClient[]): Promise<void> {
  const { operator, receiver, connectorId, traces } = scene;
  for (const merchant of merchants) {
    const bulks = await merchant.all<{ id: string }>('/v1/bulks');
    for (const { id } of bulks)
      for (const payout of await merchant.payouts(id)) {
        traces.told.push(JSON.stringify([accountsIn(payout.payout_method), payout.issues, payout.intent]));
        for (const list of ['attempts', 'events', 'explanation'])
          traces.told.push((await merchant.get(`/v1/payouts/${payout.id}/${list}`)).text);
      }
    const deliveries = await merchant.all<{ id: string; attempt_count: number }>('/v1/webhook-deliveries');
    for (const { id } of deliveries.filter(({ attempt_count }) => attempt_count > 0).slice(0, DELIVERIES_READ))
      traces.told.push((await merchant.get(`/v1/webhook-deliveries/${id}`)).text);
    for (const path of ['/v1/events?limit=1000', '/v1/webhook-endpoints', '/v1/audit'])
      traces.told.push((await merchant.get(path)).text);
    traces.told.push((await operator.get(`/v1/operator/merchants/${merchant.id}`)).text);
    traces.told.push((await operator.get(`/v1/operator/merchants/${merchant.id}/audit`)).text);
  }
  for (const path of [`/v1/operator/connectors/${connectorId}`, '/v1/operator/audit', '/v1/operator/connectors'])
    traces.told.push((await operator.get(path)).text);
  traces.told.push(...receiver.received.map(({ body }) => body.toString()));
  traces.metrics.push((await operator.get('/metrics')).text);
}

/** What is masked; the other members a merchant is shown as it gave them. */
const accountsIn = (method: Told | null): unknown[] =>
  ['iban', 'account_number', 'phone_number', 'token', 'email', 'account_id'].map((name) => method?.[name]);

/** A receiver in trouble that shows the request to whoever asks. */
const echo = ({ headers, body }: Received) => ({ status: 500, body: `${JSON.stringify(headers)}${body.toString()}` });

const STRANGER: LedgerEntry = {
  ...{ id: markedWord('pay_'), at: 0, status: 'failed', failure: null, later: null },
  request: { idempotency_key: 'of_nobody' } as WireRequest,
};

function expectStatus<Body>({ status, body, text }: Answer<Body>, expected: number): Body {
  if (status !== expected) throw new Error(`answered ${status} instead of ${expected}: ${text}`);
  return body;
}
