import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BulkAudit } from '../../src/bulks/index.js';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import { ApiClient } from '../support/api-client.js';
import { testDatabase, type TestDatabase } from '../support/index.js';
import { amountOf, inSeconds, type Item, validItem } from '../support/items.js';
import type { Bulk, Payout } from '../support/merchant-client.js';
import { type Fate, type Provider, startProvider, type WireRequest } from '../support/provider-server.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { type ClusterMember, LEASE_S, OPERATOR_KEY, startCluster } from './cluster.js';
import { comes } from './patience.js';

const COMES_WITHIN_S = 60;

const PAYOUTS_PER_BULK = 200;
/** The rest of each bulk succeeds at once. */
const SANDBOX_FATES = [9001, 9002, 9003, 9004, 9005, 9006, 9007, 9008, 9009, 9010];
const PAYS: Fate = { takes: true, status: 'succeeded' };
const HTTP_FATES: readonly ((sends: number) => Fate)[] = [
  () => ({ ...PAYS, answer: { status: 500 } }),
  () => ({ ...PAYS, answer: 'reset' }),
  () => ({ ...PAYS, delay_ms: 400 }),
  () => ({ ...PAYS, status: 'pending', later: { after_ms: 500, status: 'succeeded' } }),
  (sends) => (sends === 1 ? { takes: false, answer: { status: 503, headers: { 'retry-after': '1' } } } : PAYS),
  (sends) => (sends === 1 ? { takes: false, answer: 'reset' } : PAYS),
  () => ({ takes: false, answer: { status: 422, body: { code: 'account_closed', message: 'Closed.' } } }),
];

/** The fate stands in the reference, so that the provider knows it and every run is the same. */
function fateAtHttp({ reference }: WireRequest, sends: number): Fate {
  const place = Number(reference.split('-').at(-1));
  return place < HTTP_FATES.length * 5 ? HTTP_FATES[place % HTTP_FATES.length]!(sends) : PAYS;
}

/** Due over some seconds, so that there is work before, during and after every kill. */
const itemsOf = (bulk: string): Item[] =>
  Array.from({ length: PAYOUTS_PER_BULK }, (_, place) => {
    const digits = place < SANDBOX_FATES.length * 3 ? SANDBOX_FATES[place % SANDBOX_FATES.length]! : 12_050;
    return validItem({
      reference: `${bulk}-${place}`,
      amount: bulk.startsWith('http') ? '120.50' : amountOf(digits),
      scheduled_date: inSeconds(place / 20),
    });
  });

describe('two processes for the API and three workers on one database, each killed once', () => {
  let db: TestDatabase;
  let receiver: Receiver;
  let provider: Provider;
  let cluster: ClusterMember[];
  beforeAll(async () => {
    [db, receiver, provider] = await Promise.all([
      testDatabase(),
      startReceiver(),
      startProvider({ fate: fateAtHttp, keepRequests: false }),
    ]);
    cluster = startCluster(
      db.url,
      ['api', 'api', 'worker', 'worker', 'worker'].map((role) => ({ ROLES: role })),
    );
    await Promise.all(cluster.map(({ url }) => url));
  });
  afterAll(async () => {
    await Promise.all(cluster.map((one) => one.end()));
    await Promise.all([receiver.close(), provider.close()]);
    await db.close();
  });

  const count = async (text: string): Promise<number> =>
    db.transactions.asEngine(async (tx) =>
      Number((await tx.one<{ count: string }>(`SELECT count(*) AS count FROM ${text}`))?.count),
    );
  const createdMerchant = async (connector_id: string | null): Promise<CreatedMerchantDto> => {
    const operator = new ApiClient(await cluster[0]!.url, OPERATOR_KEY);
    const answer = await operator.post<CreatedMerchantDto>('/v1/operator/merchants', {
      name: 'Merchant',
      ...(connector_id === null ? {} : { connector_id }),
    });
    expect(answer.status).toBe(201);
    receiver.secrets.push(answer.body.webhook_signing_secret);
    return answer.body;
  };
  const httpConnector = async (): Promise<string> => {
    const operator = new ApiClient(await cluster[1]!.url, OPERATOR_KEY);
    const answer = await operator.post<ConnectorDto>('/v1/operator/connectors', {
      name: 'Provider',
      type: 'http',
      config: { base_url: provider.url, token: provider.token, timeout_ms: 2_000, stale_window_ms: 500 },
      max_concurrency: 8,
    });
    expect(answer.status).toBe(201);
    return answer.body.id;
  };
  const create = async (member: ClusterMember, merchant: CreatedMerchantDto, bulk: string): Promise<number> => {
    const client = new ApiClient(await member.url, merchant.api_key);
    const body = { reference: bulk, webhook_url: receiver.url, items: itemsOf(bulk) };
    return (await client.post<Bulk>('/v1/bulks', body, { 'idempotency-key': bulk })).status;
  };

  it('pay every payout once, leave none behind, and tell all of it in order', async () => {
    const [atSandbox, atHttp] = [await createdMerchant(null), await createdMerchant(await httpConnector())];
    const [firstApi, secondApi, ...workers] = cluster as [ClusterMember, ClusterMember, ...ClusterMember[]];
    expect(await create(firstApi, atSandbox, 'sandbox-a')).toBe(201);
    expect(await create(secondApi, atHttp, 'http-a')).toBe(201);
    expect(await create(secondApi, atHttp, 'http-b')).toBe(201);

    // One process dies with a creation in its hands; whoever asks again under the same key gets the one bulk.
    const lost = create(firstApi, atSandbox, 'sandbox-b').catch(() => null);
    await Promise.all([lost, firstApi.killAndRestart()]);
    expect(await create(secondApi, atSandbox, 'sandbox-b')).toBe(201);
    expect(await create(firstApi, atSandbox, 'sandbox-c')).toBe(201);
    expect(await count('bulk')).toBe(5);

    for (const member of [...workers, secondApi]) {
      const [done, all] = [await count(AT_REST), 5 * PAYOUTS_PER_BULK];
      await comes('progress between two kills', async () => (await count(AT_REST)) > Math.min(done, all - 1), COMES_WITHIN_S);
      await member.killAndRestart();
    }

    await comes('rest', async () => (await count(OPEN_PAYOUTS)) === 0, LEASE_S + COMES_WITHIN_S);
    await comes(
      'the last webhook',
      async () => (await count(`webhook_delivery WHERE state <> 'delivered'`)) === 0,
      LEASE_S + COMES_WITHIN_S,
    );

    const payouts = await payoutsOf([atSandbox, atHttp]);
    expect(payouts).toHaveLength(5 * PAYOUTS_PER_BULK);
    expect(payouts.filter(({ final }) => !final)).toEqual([]);
    await expectClaimedAndPaidOnce(payouts);
    expectToldInOrder(payouts);
    expect(await new BulkAudit(db.transactions).differences()).toEqual([]);
    expect(await count(`event WHERE type = 'bulk.completed'`)).toBe(5);
  });

  const AT_REST = `payout WHERE status IN ('PROCESSED', 'INTENT_CREATION_FAILED')`;
  const OPEN_PAYOUTS = `payout p LEFT JOIN payout_intent i ON i.payout_id = p.id
    WHERE p.status NOT IN ('PROCESSED', 'INTENT_CREATION_FAILED') OR i.status IN ('pending', 'unclaimed') OR i.next_check_at IS NOT NULL`;

  const payoutsOf = async (merchants: readonly CreatedMerchantDto[]): Promise<Payout[]> => {
    const url = await cluster[0]!.url;
    return (
      await Promise.all(merchants.map((merchant) => new ApiClient(url, merchant.api_key).all<Payout>('/v1/payouts')))
    ).flat();
  };

  const expectClaimedAndPaidOnce = async (payouts: readonly Payout[]): Promise<void> => {
    expect(await count('attempt')).toBe(payouts.length);
    expect(await count(`event WHERE type = 'payout.processing_in_progress'`)).toBe(payouts.length);
    const sandbox = await db.transactions.asEngine((tx) =>
      tx.query<{ reference: string; amount: string }>(`SELECT reference, amount FROM sandbox_payment`, []),
    );
    const paid = [...sandbox, ...provider.ledger.map(({ request }) => request)].map(
      ({ reference, amount }) => `${reference} ${amount}`,
    );
    const due = payouts
      .filter(({ status }) => status === 'PROCESSED')
      .map(({ reference, amount }) => `${reference} ${String(amount)}`);
    expect(paid.toSorted()).toEqual(due.toSorted());
  };

  /** Doubles are allowed by the contract; what comes for the first time comes in its turn. */
  const expectToldInOrder = (payouts: readonly Payout[]): void => {
    expect(receiver.received.filter(({ verifiedBy }) => verifiedBy.length !== 1)).toEqual([]);
    const sequences = new Map<unknown, number[]>();
    for (const { event, times } of receiver.received) {
      const { payout_id, sequence } = event.data;
      if (times === 1 && payout_id !== undefined)
        sequences.set(payout_id, [...(sequences.get(payout_id) ?? []), Number(sequence)]);
    }
    const last = new Map(receiver.received.map(({ event }) => [event.data['payout_id'], event]));
    for (const { id, status } of payouts) {
      const told = sequences.get(id) ?? [];
      expect(told).toEqual(told.map((_, index) => index + 1));
      expect(last.get(id)?.data['status']).toBe(status);
    }
  };
});
