import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import type { ErasedReceiverDto } from '../../src/receivers/dto/erase-receiver.dto.js';
import { type Answer, ApiClient } from '../support/api-client.js';
import { testDatabase, type TestDatabase } from '../support/index.js';
import { validItem } from '../support/items.js';
import type { Bulk, FeedEvent, Payout } from '../support/merchant-client.js';
import { type Provider, startProvider } from '../support/provider-server.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { eventually, until } from '../support/until.js';
import { ClusterMember, OPERATOR_KEY, sharedEnvironment } from './cluster.js';
import './next-release.events.js';

const FIRST_FORMAT = fileURLToPath(new URL('first-format.ts', import.meta.url));
const NEXT_RELEASE = fileURLToPath(new URL('next-release.ts', import.meta.url));
/** Bulks that have to be ordered while old and new run side by side, and after the last old one has gone. */
const BULKS_BESIDE = Number(process.env['UPGRADE_BULKS'] ?? 8);
const PER_BULK = 5;
/** Merchants who order one bulk after another. */
const ORDERING = 3;
const LATENCY_MS = 20;

let db: TestDatabase;
let receiver: Receiver;
let provider: Provider;
let environment: Readonly<Record<string, string>>;
/** Where the proxy in front sends requests to. */
const serving: ClusterMember[] = [];
const started: ClusterMember[] = [];

beforeAll(async () => {
  db = await testDatabase();
  receiver = await startReceiver();
  provider = await startProvider({ latency_ms: LATENCY_MS });
  environment = { ...sharedEnvironment(db.url), LOG_LEVEL: 'error' };
});
afterAll(async () => {
  await Promise.all(started.map((one) => one.end()));
  await Promise.all([receiver.close(), provider.close()]);
  await db.close();
});

function start(program?: string): ClusterMember {
  const member = new ClusterMember(environment, program);
  started.push(member);
  return member;
}

/** As an upgrade replaces a process: the new one serves once it is ready, and only then the old one is asked to go. */
async function replace(old: ClusterMember, by: ClusterMember): Promise<void> {
  await by.url;
  serving.push(by);
  await orderedSince(BULKS_BESIDE);
  serving.splice(serving.indexOf(old), 1);
  expect(await old.stop()).toBe(0);
}

const ordered: string[] = [];
const orderedSince = async (more: number): Promise<void> => {
  const before = ordered.length;
  await until(() => ordered.length >= before + more || loadFault !== null);
};
let loadFault: unknown = null;
let asked = 0;

/** Every request is asked once, of whoever serves, and has to be answered. */
async function ask<Body>(key: string, work: (client: ApiClient) => Promise<Answer<Body>>, status: number): Promise<Body> {
  const member = serving[(asked += 1) % serving.length]!;
  const answer = await work(new ApiClient(await member.url, key));
  if (answer.status !== status) throw new Error(`answered ${String(answer.status)}: ${answer.text}`);
  return answer.body;
}

/** Orders, edits, reads and cancels, over and over. */
async function order(key: string, orders: AbortSignal): Promise<void> {
  while (!orders.aborted) {
    const items = Array.from({ length: PER_BULK }, () => validItem());
    const later = validItem({ scheduled_date: new Date(Date.now() + 3_600_000).toISOString() });
    const body = { webhook_url: receiver.url, items: [...items, later] };
    const { id } = await ask<Bulk>(key, (client) => client.post('/v1/bulks', body), 201);
    ordered.push(id);
    const judged = () => ask<Bulk>(key, (client) => client.get(`/v1/bulks/${id}`), 200);
    await until(async () => !('VALIDATION_PENDING' in (await judged()).counts));
    const [last] = (await ask<{ data: Payout[] }>(key, (client) => client.get(`/v1/payouts?reference=${later.reference}`), 200))
      .data;
    await ask(key, (client) => client.patch(`/v1/payouts/${last!.id}`, { amount: '7.00' }), 200);
    await ask(key, (client) => client.post(`/v1/payouts/${last!.id}/cancel`), 200);
    await ask(key, (client) => client.get(`/v1/bulks/${id}/events`), 200);
  }
}

async function merchantWithProvider(): Promise<CreatedMerchantDto> {
  const config = { base_url: provider.url, token: provider.token };
  const { id } = await ask<ConnectorDto>(
    OPERATOR_KEY,
    (client) => client.post('/v1/operator/connectors', { name: 'Provider', type: 'http', config }),
    201,
  );
  return ask(OPERATOR_KEY, (client) => client.post('/v1/operator/merchants', { name: 'Merchant', connector_id: id }), 201);
}

const UNDER_NO_RECEIVER = `SELECT FROM payout_revision WHERE receiver_key_id IS NULL AND payout_method IS NOT NULL`;
const query = <Row extends object>(text: string): Promise<Row[]> => db.dataSource.query<Row[]>(text);

it('old and new processes on one database under load answer every request, pay each payout once, and tell all of it in order', async () => {
  const old = [start(FIRST_FORMAT), start(FIRST_FORMAT)];
  await Promise.all(old.map(({ url }) => url));
  serving.push(...old);
  const merchant = await merchantWithProvider();
  receiver.secrets.push(merchant.webhook_signing_secret);
  const orders = new AbortController();
  const load = Promise.all(Array.from({ length: ORDERING }, () => order(merchant.api_key, orders.signal)));
  load.catch((error: unknown) => (loadFault = error));
  await orderedSince(ORDERING);
  const next = [start(NEXT_RELEASE), start(NEXT_RELEASE)];
  await replace(old[0]!, next[0]!);
  await until(async () => (await query(UNDER_NO_RECEIVER)).length > 0);
  await replace(old[1]!, next[1]!);
  await orderedSince(BULKS_BESIDE);
  orders.abort();
  await load;

  await until(async () => (await query(`SELECT FROM payout WHERE status NOT IN ('PROCESSED', 'CANCELLED')`)).length === 0);
  await until(async () => (await query(`SELECT FROM webhook_delivery WHERE state <> 'delivered'`)).length === 0);
  expectPaidOnce(await query(`SELECT reference, status FROM payout`));
  await expectToldInOrder(merchant.api_key);
  await expectForgotten(await next[0]!.url, merchant.id);
  expect((await query('SELECT FROM next_duty')).length).toBeGreaterThan(0);
  expect(
    started.flatMap(({ falls, complaints }) => [...falls, ...(/"level":[56]0/.test(complaints) ? [complaints] : [])]),
  ).toEqual([]);
});

/** Whatever the old ones have written of the receiver goes with him. */
async function expectForgotten(url: string, merchantId: string): Promise<void> {
  const operator = new ApiClient(url, OPERATOR_KEY);
  const { payout_method } = validItem();
  const erase = () => operator.post<ErasedReceiverDto>(`/v1/operator/merchants/${merchantId}/erase-receiver`, { payout_method });
  // While there is more than one request can seal anew, the job has to be waited for.
  const { body } = await eventually(erase, ({ status }) => status === 200, { within_ms: Infinity });
  expect(body.payouts).toBe(ordered.length * (PER_BULK + 1));
  expect(await query(UNDER_NO_RECEIVER)).toEqual([]);
}

function expectPaidOnce(payouts: readonly { reference: string; status: string }[]): void {
  expect(payouts.length).toBe(ordered.length * (PER_BULK + 1));
  const due = payouts.filter(({ status }) => status === 'PROCESSED').map(({ reference }) => reference);
  expect(due.length).toBe(ordered.length * PER_BULK);
  expect(provider.ledger.map(({ request }) => request.reference).sort()).toEqual(due.sort());
}

async function expectToldInOrder(key: string): Promise<void> {
  const sequences = new Map<unknown, number[]>();
  const seen = new Set<string>();
  for (const { id, event, verifiedBy } of receiver.received) {
    expect(verifiedBy.length).toBe(1);
    if (seen.has(id)) continue;
    seen.add(id);
    const subject = event.data['payout_id'] ?? event.data['bulk_id'];
    sequences.set(subject, [...(sequences.get(subject) ?? []), Number(event.data['sequence'])]);
  }
  for (const told of sequences.values()) expect(told).toEqual(told.map((_, index) => index + 1));
  expect(sequences.size).toBe(ordered.length * (PER_BULK + 2));
  const noted = () => ask<{ data: FeedEvent[] }>(key, (client) => client.get('/v1/events?type=bulk.noted'), 200);
  await eventually(noted, ({ data }) => data.length > BULKS_BESIDE);
}
