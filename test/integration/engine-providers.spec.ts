import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import { type TestApp, testApp } from '../support/app.js';
import { validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { type Fate, type LedgerEntry, type Provider, startProvider } from '../support/provider-server.js';
import { eventually } from '../support/until.js';

const TAKEN: Fate = { takes: true, status: 'succeeded' };
const AWAITED: Fate = { takes: true, status: 'pending' };
const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
/** In a row; then the connector is not the one it was made for. */
const UNREADABLE_MAX = 20;

interface Payer {
  readonly provider: Provider;
  readonly merchant: MerchantClient;
  readonly connectorPath: string;
  readonly connector: () => Promise<ConnectorDto>;
}

describe('the engine and a provider', () => {
  let app: TestApp;
  const providers: Provider[] = [];
  beforeAll(async () => {
    app = await testApp();
  });
  afterEach(async () => {
    await Promise.all(providers.splice(0).map((provider) => provider.close()));
  });
  afterAll(() => app.close());

  const payerWith = async (fate: (sends: number) => Fate, config: Record<string, unknown> = {}): Promise<Payer> => {
    const provider = await startProvider({ fate: (_request, sends) => fate(sends) });
    providers.push(provider);
    const answer = await app.operator.post<ConnectorDto>('/v1/operator/connectors', {
      name: 'Test provider',
      type: 'http',
      config: { base_url: provider.url, token: provider.token, stale_window_ms: 200, notification_secret: SECRET, ...config },
      max_concurrency: 4,
    });
    expect(answer.status).toBe(201);
    const connectorPath = `/v1/operator/connectors/${answer.body.id}`;
    const connector = async (): Promise<ConnectorDto> => (await app.operator.get<ConnectorDto>(connectorPath)).body;
    return { provider, merchant: await app.merchant({ connector_id: answer.body.id }), connectorPath, connector };
  };

  it('pauses a connector whose token is refused, fails nothing, and pays all of it under the right one', async () => {
    const { provider, merchant, connectorPath, connector } = await payerWith(() => TAKEN, { token: 'wrong' });
    const { id } = await merchant.createValidated(validItems(60));
    const paused = await eventually(connector, ({ paused: isPaused }) => isPaused);
    expect(paused).toMatchObject({ paused_by: 'engine', pause_reason: 'answered 401' });
    const sends = provider.requests.filter(({ method }) => method === 'POST').length;
    expect(sends).toBeLessThan(30);
    const { counts } = await merchant.bulk(id);
    expect((counts.SCHEDULED ?? 0) + (counts.PROCESSING_IN_PROGRESS ?? 0)).toBe(60);
    const [first] = await merchant.payouts(id);
    expect((await merchant.explanation(first!.id)).cause).toBe('connector_paused');

    await app.operator.patch(connectorPath, { config: { token: provider.token } });
    await app.operator.post(`${connectorPath}/resume`, { reason: 'a new token' });
    const payouts = await merchant.untilAtRest(id);
    expect(payouts.every(({ intent }) => intent?.status === 'succeeded')).toBe(true);
    expectPaidOnce(provider, payouts);
  });

  it('pauses a connector after twenty answers in a row that can not be read, and pays nothing twice after it', async () => {
    let healed = false;
    const { provider, merchant, connectorPath, connector } = await payerWith(() =>
      healed ? TAKEN : { takes: true, answer: { status: 200, body: '<html>a proxy</html>' } },
    );
    const { id } = await merchant.createValidated(validItems(40));
    const paused = await eventually(connector, ({ paused: isPaused }) => isPaused);
    expect(paused.paused_by).toBe('engine');
    expect(paused.pause_reason).toMatch(/answers in a row could not be read/);
    expect(provider.ledger.length).toBeGreaterThanOrEqual(UNREADABLE_MAX);
    expect(provider.ledger.length).toBeLessThanOrEqual(40);
    healed = true;
    await app.operator.post(`${connectorPath}/resume`, { reason: 'the proxy is gone' });
    expectPaidOnce(provider, await merchant.untilAtRest(id));
  });

  it('does not tell as refused what a copy of its own send was refused for, and does where nothing was taken', async () => {
    const duplicate = { status: 422, body: { code: 'duplicate_reference', message: 'Known.' } };
    const doubled = await payerWith(() => ({ takes: true, answer: duplicate }));
    const paid = await doubled.merchant.untilAtRest((await doubled.merchant.createValidated(validItems(1))).id);
    expect(paid[0]).toMatchObject({ status: 'PROCESSED', intent: { status: 'succeeded' } });
    const told = (await doubled.merchant.events(`/v1/payouts/${paid[0]!.id}/events`)).map(({ type }) => type);
    expect(told).not.toContain('payout.intent_creation_failed');
    expectPaidOnce(doubled.provider, paid);

    const refused = await payerWith(() => ({ takes: false, answer: duplicate }));
    const [payout] = await refused.merchant.untilAtRest((await refused.merchant.createValidated(validItems(1))).id);
    expect(payout).toMatchObject({
      status: 'INTENT_CREATION_FAILED',
      intent: { status: 'rejected', failure: { code: 'duplicate_reference' } },
    });
    expect(refused.provider.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('takes notifications early, late, doubled and in the wrong order, and never goes back', async () => {
    const { provider, merchant, connectorPath } = await payerWith(() => ({ ...AWAITED, delay_ms: 300 }));
    const url = `${app.url}/v1/connectors/${connectorPath.split('/').at(-1)!}/notifications`;
    const tell = (entry: LedgerEntry, status: LedgerEntry['status']) => provider.notify({ url, secret: SECRET, entry, status });
    const { id } = await merchant.createValidated(validItems(1));
    // Before the answer to the send has come.
    const [entry] = await eventually(
      () => Promise.resolve(provider.ledger),
      (ledger) => ledger.length === 1,
    );
    expect(await tell(entry!, 'pending')).toBe(204);
    expect(await tell(entry!, 'succeeded')).toBe(204);
    const [payout] = await merchant.untilAtRest(id);
    expect(payout!.intent?.status).toBe('succeeded');
    for (const status of ['succeeded', 'pending', 'failed', 'unclaimed'] as const) expect(await tell(entry!, status)).toBe(204);
    expect((await merchant.payout(payout!.id)).intent?.status).toBe('succeeded');
    expect(await tell(entry!, 'returned')).toBe(204);
    expect(await tell(entry!, 'succeeded')).toBe(204);
    expect((await merchant.payout(payout!.id)).intent?.status).toBe('returned');
    const told = (await merchant.events(`/v1/payouts/${payout!.id}/events`)).map(({ type }) => type);
    expect(told.slice(-3)).toEqual(['payout.intent_pending', 'payout.intent_succeeded', 'payout.intent_returned']);
    expect(new Set(told).size).toBe(told.length);
  });

  it('answers a notification about a payment that it does not know like any other, and refuses a forged one', async () => {
    const { provider, connectorPath } = await payerWith(() => TAKEN);
    const url = `${app.url}/v1/connectors/${connectorPath.split('/').at(-1)!}/notifications`;
    const request = { idempotency_key: '00000000-0000-0000-0000-000000000000' } as LedgerEntry['request'];
    const entry: LedgerEntry = { id: 'pay_of_nobody', request, at: 0, status: 'succeeded', failure: null, later: null };
    expect(await provider.notify({ url, secret: SECRET, entry })).toBe(204);
    const forged = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;
    expect(await provider.notify({ url, secret: forged, entry })).toBe(401);
    expect(await provider.notify({ url, secret: SECRET, entry, signedAt: new Date(Date.now() - 600_000) })).toBe(401);
  });

  it('keeps the reason of a failure when an older word comes after it', async () => {
    const { provider, merchant, connectorPath } = await payerWith(() => AWAITED);
    const url = `${app.url}/v1/connectors/${connectorPath.split('/').at(-1)!}/notifications`;
    const { id } = await merchant.createValidated(validItems(1));
    const [entry] = await eventually(
      () => Promise.resolve(provider.ledger),
      (ledger) => ledger.length === 1,
    );
    const failure = { code: 'receiver_blocked', message: 'Blocked.', retryable: false };
    await provider.notify({ url, secret: SECRET, entry: entry!, status: 'failed', failure });
    const [payout] = await merchant.untilAtRest(id);
    await provider.notify({ url, secret: SECRET, entry: entry!, status: 'pending' });
    expect((await merchant.payout(payout!.id)).intent).toMatchObject({ status: 'failed', failure });
  });
});

function expectPaidOnce(provider: Provider, payouts: readonly { reference: string }[]): void {
  const paid = provider.ledger.map(({ request }) => request.reference).toSorted();
  expect(paid).toEqual(payouts.map(({ reference }) => reference).toSorted());
}
