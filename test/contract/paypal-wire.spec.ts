import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Confirmation,
  type Connector,
  type NotificationReading,
  readsPayments,
  receivesNotifications,
} from '../../src/connectors/connector.js';
import { toBatch } from '../../src/connectors/paypal/paypal.batch.js';
import { QUESTIONS_MAX } from '../../src/connectors/paypal/paypal.webhook.js';
import { IMPATIENT } from '../support/open-connector.js';
import { alreadyExists, openPaypal, paypalError, PaypalServer, type PaypalWebhook } from '../support/paypal-server.js';
import { intentRequest } from './connector-contract.js';

const request = (overrides = {}) => intentRequest({ payoutMethod: { type: 'paypal', email: 'ada@example.com' }, ...overrides });

describe('the paypal connector on the wire', () => {
  let paypal: PaypalServer;
  let connector: Connector;
  beforeAll(async () => {
    paypal = await PaypalServer.start();
  });
  beforeEach(() => {
    paypal.fate = () => ({});
    paypal.refuseTokens(null);
    paypal.refuseQuestions(null);
    paypal.requests.length = 0;
    connector = openPaypal(paypal.config);
  });
  afterEach(() => connector.close());
  afterAll(() => paypal.close());

  it('sends a batch of one item under our key, with a token', async () => {
    const sent = request({ reference: 'INV-7', amount: '12.50', currency: 'USD' });
    await connector.submit(sent);
    const [token, batch] = paypal.requests;
    expect(token).toMatchObject({
      method: 'POST',
      path: '/v1/oauth2/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    });
    expect(batch).toMatchObject({
      method: 'POST',
      path: '/v1/payments/payouts',
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(batch?.body ?? '')).toEqual({
      sender_batch_header: { sender_batch_id: sent.idempotencyKey },
      items: [
        {
          recipient_type: 'EMAIL',
          receiver: 'ada@example.com',
          amount: { currency: 'USD', value: '12.50' },
          sender_item_id: 'INV-7',
        },
      ],
    });
  });

  it.each([
    [
      { type: 'paypal', phone_number: '+12125550100' },
      { recipient_type: 'PHONE', receiver: '+12125550100' },
    ],
    [
      { type: 'paypal', paypal_id: 'ABC' },
      { recipient_type: 'PAYPAL_ID', receiver: 'ABC' },
    ],
  ])('names the receiver %j', (payoutMethod, item) => {
    expect(toBatch(request({ payoutMethod }))).toMatchObject({ items: [item] });
  });

  it('leaves out decimals that PayPal does not take, but none that are not zero', () => {
    const valueOf = (amount: string, currency: string) => toBatch(request({ amount, currency }));
    expect(valueOf('1200.00', 'HUF')).toMatchObject({ items: [{ amount: { value: '1200', currency: 'HUF' } }] });
    expect(valueOf('1200.50', 'HUF')).toMatchObject({ items: [{ amount: { value: '1200.50' } }] });
    expect(valueOf('1200.00', 'USD')).toMatchObject({ items: [{ amount: { value: '1200.00' } }] });
  });

  it('refuses a receiver whom PayPal has no word for without asking it', async () => {
    const outcome = await connector.submit(intentRequest());
    expect(outcome).toMatchObject({ kind: 'rejected', failure: { code: 'NO_RECEIVER' } });
    expect(paypal.requests).toEqual([]);
  });

  it('fetches one token for many sends at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => connector.submit(request())));
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    expect(paypal.grants).toBe(1);
  });

  it('fetches a token that was withdrawn once more for all, and sends again', async () => {
    await connector.submit(request());
    paypal.withdrawTokens();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => connector.submit(request())));
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    expect(paypal.grants).toBe(2);
  });

  it('was not taken where no token is to be had, and says when that is systemic', async () => {
    paypal.refuseTokens({ status: 401, body: { error: 'invalid_client' } });
    expect(await connector.submit(request())).toMatchObject({ kind: 'not_taken', reason: 'unauthorized', httpStatus: 401 });
    paypal.refuseTokens({ status: 503, body: '' });
    expect(await connector.submit(request())).toMatchObject({ kind: 'not_taken', reason: 'busy', httpStatus: 503 });
    expect(paypal.requests.every(({ path }) => path === '/v1/oauth2/token')).toBe(true);
  });

  it('keeps secret, token and what came with a token out of all that it says', async () => {
    const { clientSecret, clientId } = paypal;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    paypal.refuseTokens({ status: 200, body: { access_token: 'A21AA with spaces', note: clientSecret, again: basic } });
    const withoutToken = await connector.submit(request());
    paypal.refuseTokens(null);
    paypal.fate = () => ({ refusal: { status: 400, body: echo(paypal.requests.at(-1)?.headers.authorization, clientSecret) } });
    const refused = await connector.submit(request());
    expect(refused).toMatchObject({ kind: 'rejected', failure: { message: 'Bearer [removed] [removed]' } });
    expect(JSON.stringify([withoutToken, refused])).not.toMatch(new RegExp(`A21AA|${clientSecret}|${basic.slice(0, 20)}`));
  });

  it('asks its own PayPal for the batch that is in the way, wherever the link leads', async () => {
    const sent = request();
    await connector.submit(sent);
    const [first] = paypal.under(sent.idempotencyKey);
    const href = `http://127.0.0.1:9/v1/payments/payouts/${first?.id ?? ''}`;
    paypal.batches.push({
      ...first!,
      id: 'OTHER',
      sent: { ...first!.sent, sender_batch_header: { sender_batch_id: 'another' } },
    });
    paypal.fate = () => ({ refusal: { status: 400, body: alreadyExists(href) } });
    // Another send under another key is told of the batch of the first: that is not its own.
    expect(await connector.submit(request())).toMatchObject({
      kind: 'unknown',
      detail: expect.stringContaining('another batch'),
    });
    expect(await connector.submit(sent)).toMatchObject({ kind: 'accepted', payment: { providerReference: first?.id } });
  });

  it('is unknown where the batch in the way can not be read', async () => {
    paypal.fate = () => ({ refusal: { status: 400, body: alreadyExists('https://x.example/v1/payments/payouts/GONE') } });
    expect(await connector.submit(request())).toMatchObject({ kind: 'unknown', unreadable: false });
  });

  it('was not taken where nobody gives it a token within its deadline, however many wait', async () => {
    paypal.refuseTokens('never');
    const impatient = openPaypal({ ...paypal.config, ...IMPATIENT });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => impatient.submit(request())));
    await impatient.close();
    const late = { kind: 'not_taken', reason: 'unreachable', detail: 'no token: no answer (DEADLINE)' };
    expect(outcomes).toEqual(Array(20).fill(expect.objectContaining(late)));
    expect(paypal.grants).toBe(1);
  });

  const resource = { payout_batch_id: 'BATCH1', transaction_status: 'SUCCESS', payout_item_id: 'ITEM1' };
  const read = ({ headers, body }: PaypalWebhook, by = connector): NotificationReading => {
    if (!receivesNotifications(by)) throw new Error('it should receive notifications');
    return by.readNotification(headers, Buffer.from(body));
  };
  const confirmed = (webhook: PaypalWebhook, by = connector): Promise<Confirmation> => {
    const reading = read(webhook, by);
    if (reading.kind !== 'hint') throw new Error(`it was read as ${reading.kind}`);
    return reading.confirm();
  };

  it('takes nothing of a webhook but the batch to look at', () => {
    expect(read(paypal.webhook(resource))).toMatchObject({ kind: 'hint', providerReference: 'BATCH1' });
    const batch_header = { payout_batch_id: 'BATCH2', batch_status: 'SUCCESS' };
    expect(read(paypal.webhook({ batch_header }))).toMatchObject({ kind: 'hint', providerReference: 'BATCH2' });
    for (const other of [{}, [], { payout_batch_id: 7 }, { payout_batch_id: '\u0000' }])
      expect(read(paypal.webhook(other))).toEqual({ kind: 'irrelevant' });
    const webhook = paypal.webhook(resource);
    for (const body of ['{', '[]', 'null', '', '{"resource": 1.}', `{"resource": "${'x'.repeat(65_536)}"}`])
      expect(read({ ...webhook, body })).toEqual({ kind: 'refused' });
    expect(paypal.requests).toEqual([]);
  });

  it('refuses a webhook that lacks a part of its signature, or has one that is none, without asking anybody', () => {
    const { headers, body } = paypal.webhook(resource);
    const parts = Object.keys(headers).filter((name) => name.startsWith('paypal-'));
    expect(parts).toHaveLength(5);
    for (const part of parts)
      for (const value of ['', 'a b', 'x'.repeat(501)])
        expect(read({ headers: { ...headers, [part]: value }, body })).toEqual({ kind: 'refused' });
    expect(read({ headers: {}, body })).toEqual({ kind: 'refused' });
    expect(paypal.requests).toEqual([]);
  });

  it('hears nothing where no webhook is configured', () => {
    const deaf = openPaypal({ ...paypal.config, webhook_id: null });
    expect(receivesNotifications(deaf)).toBe(false);
  });

  it('shows PayPal a webhook byte for byte, and believes it where PayPal does', async () => {
    const webhook = paypal.webhook(resource);
    expect(await confirmed(webhook)).toBe('genuine');
    expect(paypal.questions[0]).toContain(`"webhook_event":${webhook.body}}`);
    expect(await confirmed({ ...webhook, body: webhook.body.replace('BATCH1', 'BATCH2') })).toBe('forged');
    expect(await confirmed({ ...webhook, body: JSON.stringify(JSON.parse(webhook.body)) })).toBe('forged');
    expect(await confirmed(paypal.webhook(resource, 'ANOTHERLISTENER1'))).toBe('forged');
    const other = paypal.webhook(resource);
    const swapped = { ...webhook.headers, 'paypal-transmission-sig': other.headers['paypal-transmission-sig'] ?? '' };
    expect(await confirmed({ ...webhook, headers: swapped })).toBe('forged');
  });

  it.each([
    [400, paypalError('VALIDATION_ERROR'), 'forged'],
    [200, { verification_status: 'FAILURE' }, 'forged'],
    [200, { verification_status: 'PERHAPS' }, 'unavailable'],
    [200, '', 'unavailable'],
    [201, { verification_status: 'SUCCESS' }, 'unavailable'],
    [403, paypalError('NOT_AUTHORIZED'), 'unavailable'],
    [404, paypalError('INVALID_RESOURCE_ID'), 'unavailable'],
    [429, paypalError('RATE_LIMIT_REACHED'), 'unavailable'],
    [503, '', 'unavailable'],
  ])('reads the answer %i %j to its question as %s', async (status, body, confirmation) => {
    paypal.refuseQuestions({ status, body });
    expect(await confirmed(paypal.webhook(resource))).toBe(confirmation);
  });

  it('asks about few of a thousand webhooks at once, and leaves a silent PayPal alone', async () => {
    paypal.refuseQuestions('never');
    const impatient = openPaypal({ ...paypal.config, ...IMPATIENT });
    const webhooks = Array.from({ length: 1000 }, () => paypal.webhook(resource));
    expect(await Promise.all(webhooks.map((webhook) => confirmed(webhook, impatient)))).toEqual(Array(1000).fill('unavailable'));
    expect(paypal.questions).toHaveLength(QUESTIONS_MAX);
    expect(await confirmed(paypal.webhook(resource), impatient)).toBe('unavailable');
    await impatient.close();
    expect(paypal.questions).toHaveLength(QUESTIONS_MAX);
  });

  it('says of a batch that PayPal does not know that it can not be asked, never that there is none', async () => {
    if (!readsPayments(connector)) throw new Error('it should read payments');
    expect(await connector.read('GONE')).toMatchObject({ kind: 'unavailable', systemic: false });
  });
});

const echo = (authorization: string | undefined, secret: string): object => ({
  name: 'VALIDATION_ERROR',
  message: `${authorization ?? ''} ${secret}`,
});
