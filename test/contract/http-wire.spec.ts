import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { receivesNotifications, type Connector, type SubmitOutcome } from '../../src/connectors/connector.js';
import { httpConnectorType } from '../../src/connectors/http/http.connector.js';
import { IMPATIENT, openConnector } from '../support/open-connector.js';
import { signedNotification, startProvider, type Answer, type Provider } from '../support/provider-server.js';
import { until } from '../support/until.js';
import { intentRequest } from './connector-contract.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

const open = (config: Record<string, unknown>, maxConcurrency?: number): Connector =>
  openConnector(httpConnectorType, config, maxConcurrency);

describe('the http connector on the wire', () => {
  let provider: Provider;
  let connector: Connector;
  beforeAll(async () => {
    provider = await startProvider();
    connector = open({ base_url: provider.url, token: provider.token });
  });
  beforeEach(() => provider.setFate(() => ({ takes: true })));
  afterAll(async () => {
    await connector.close();
    await provider.close();
  });

  const submitTo = (answer: Answer, { takes = true, by = connector } = {}): Promise<SubmitOutcome> => {
    provider.setFate(() => ({ takes, answer }));
    return by.submit(intentRequest());
  };

  it('sends exactly what the protocol promises', async () => {
    const request = intentRequest();
    await connector.submit(request);
    const received = provider.requests.at(-1);
    expect(received).toMatchObject({
      method: 'POST',
      path: '/payout-intents',
      headers: {
        authorization: `Bearer ${provider.token}`,
        'content-type': 'application/json',
        'accept-encoding': 'identity',
        'idempotency-key': request.idempotencyKey,
      },
    });
    expect(JSON.parse(received?.body ?? '')).toEqual({
      intent_id: request.intentId,
      reference: 'INV-1001',
      bulk_reference: 'payroll-2026-11',
      amount: '120.50',
      currency: 'EUR',
      payout_method: request.payoutMethod,
      billing_data: request.billingData,
      metadata: request.metadata,
    });
  });

  it('keeps the path of the base URL', async () => {
    const below = open({ base_url: `${provider.url}/gateway/v2/`, token: provider.token });
    await below.submit(intentRequest());
    expect(provider.requests.at(-1)?.path).toBe('/gateway/v2/payout-intents');
    await below.close();
  });

  it('asks with the token too, and says that a wrong one is systemic', async () => {
    const wrong = open({ base_url: provider.url, token: 'wrong' });
    expect(await wrong.submit(intentRequest())).toMatchObject({ kind: 'not_taken', reason: 'unauthorized', httpStatus: 401 });
    expect(await wrong.lookup(randomUUID())).toMatchObject({ kind: 'unavailable', systemic: true });
    await wrong.close();
  });

  it('does not follow a redirect', async () => {
    const before = provider.requests.length;
    const location = `${provider.url}/payout-intents`;
    expect(await submitTo({ status: 307, headers: { location } })).toMatchObject({
      kind: 'unknown',
      httpStatus: 307,
      unreadable: true,
    });
    expect(provider.requests).toHaveLength(before + 1);
  });

  it('is unknown where the connection is cut after the provider took it, and finds it', async () => {
    provider.setFate(() => ({ takes: true, answer: 'reset' }));
    const request = intentRequest();
    expect(await connector.submit(request)).toMatchObject({ kind: 'unknown', httpStatus: null, unreadable: false });
    expect(await connector.lookup(request.idempotencyKey)).toMatchObject({ kind: 'found' });
  });

  it('ends at its deadline where bytes drip in one by one', async () => {
    const impatient = open({ base_url: provider.url, token: provider.token, ...IMPATIENT });
    const started = performance.now();
    expect(await submitTo('drip', { by: impatient })).toMatchObject({ kind: 'unknown', httpStatus: 201, unreadable: false });
    expect(performance.now() - started).toBeGreaterThan(IMPATIENT.timeout_ms - 5);
    await impatient.close();
  });

  it('reads no more than 64 KiB of an answer', async () => {
    expect(await submitTo('huge')).toMatchObject({ kind: 'unknown', httpStatus: 201, unreadable: true });
  });

  it('does not inflate what it has not asked to be deflated, and reads nothing but UTF-8', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(await submitTo({ status: 201, body: Buffer.from([0x1f, 0x8b, 8, 0, 0]), headers })).toMatchObject({
      kind: 'unknown',
      unreadable: true,
    });
    expect(await submitTo({ status: 201, body: Buffer.from('{"id":"\xff","status":"pending"}', 'latin1') })).toMatchObject({
      kind: 'unknown',
    });
  });

  it('hands on how long a busy provider wants to be left alone', async () => {
    expect(await submitTo({ status: 503, headers: { 'retry-after': '7' } }, { takes: false })).toMatchObject({
      kind: 'not_taken',
      retryAfter_ms: 7_000,
    });
  });

  it('says not taken where the connection is refused', async () => {
    const gone = await startProvider();
    const refused = open({ base_url: gone.url, token: gone.token });
    await gone.close();
    expect(await refused.submit(intentRequest())).toMatchObject({ kind: 'not_taken', reason: 'unreachable' });
    await refused.close();
  });

  it('says not taken where a name does not resolve', async () => {
    // A label of more than 63 signs is refused by the resolver itself, so no name server is asked.
    const nowhere = open({ base_url: `https://${'x'.repeat(64)}.invalid`, token: 'token', timeout_ms: 5_000 });
    expect(await nowhere.submit(intentRequest())).toMatchObject({ kind: 'not_taken', reason: 'unreachable' });
    await nowhere.close();
  });

  it('is unknown where what answers is no HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const odd = open({ base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token' });
    expect(await odd.submit(intentRequest())).toMatchObject({ kind: 'unknown', httpStatus: null });
    await odd.close();
    server.close();
  });

  it('ends at its deadline, and sends nothing later, where all sockets are taken by silent calls', async () => {
    const single = open({ base_url: provider.url, token: provider.token, ...IMPATIENT }, 1);
    provider.setFate(() => ({ takes: true, answer: 'never' }));
    const [first, waiting] = [intentRequest(), intentRequest()];
    const outcomes = await Promise.all([single.submit(first), single.submit(waiting)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
    await single.close();
    expect(provider.ledger.some(({ request }) => request.idempotency_key === waiting.idempotencyKey)).toBe(false);
  });

  it('obeys no proxy of the environment', async () => {
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = 'http://127.0.0.1:1';
    try {
      expect(await connector.submit(intentRequest())).toMatchObject({ kind: 'accepted' });
    } finally {
      names.forEach((name, index) => {
        if (before[index] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[index];
      });
    }
  });

  it('lets calls end that are out when it is closed, and takes none after', async () => {
    const closing = open({ base_url: provider.url, token: provider.token });
    provider.setFate(() => ({ takes: true, delay_ms: 50 }));
    const request = intentRequest();
    const out = closing.submit(request);
    await until(() => provider.ledger.some((entry) => entry.request.idempotency_key === request.idempotencyKey));
    const closed = closing.close();
    expect(await closing.submit(intentRequest())).toMatchObject({ kind: 'not_taken', reason: 'unreachable' });
    expect(await out).toMatchObject({ kind: 'accepted' });
    await closed;
  });

  it('reads notifications where a secret is configured, and only there', async () => {
    expect(receivesNotifications(connector)).toBe(false);
    const told = open({ base_url: provider.url, token: provider.token, notification_secret: SECRET });
    if (!receivesNotifications(told)) throw new Error('a connector with a secret reads notifications');
    await told.submit(intentRequest());
    const entry = provider.ledger.at(-1)!;
    const { headers, body } = signedNotification({ secret: SECRET, entry, status: 'returned' });
    expect(told.readNotification(headers, body)).toMatchObject({
      kind: 'update',
      notification: {
        providerReference: entry.id,
        idempotencyKey: entry.request.idempotency_key,
        payment: { status: 'returned' },
      },
    });
    await told.close();
  });
});
