import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request as askOnward, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectorDto, LedgerEntryDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import { ApiClient } from '../support/api-client.js';
import { SANDBOX_ID } from '../support/app.js';
import { testDatabase, type TestDatabase } from '../support/index.js';
import type { Item } from '../support/items.js';
import type { Bulk, Payout } from '../support/merchant-client.js';
import { injectTime } from '../support/webhook-clock.js';
import { type ClusterMember, LEASE_S, OPERATOR_KEY, startCluster } from './cluster.js';
import { comes } from './patience.js';

/** The answer to the first send of every so many-th payout is lost. */
const LOST_ONE_IN = 8;

/** What a loop through one door and its connector is made of. */
export interface Loop {
  /** How many; a part of them has a fate, and the rest is paid. */
  readonly payouts: number;
  readonly itemAt: (place: number) => Item;
  /** The status of the intent in which the payout has to end on both sides. */
  readonly endAt: (place: number) => string;
  /** The connector from payer to payee, all but where the payee is. */
  readonly connector: { readonly type: string; readonly config: (payee: CreatedMerchantDto, url: string) => object };
  /** The end of the path of a send. */
  readonly sendsTo: string;
  /** The id of the payee's bulk by the reference that the payer has of it. */
  readonly bulkIdOf: (providerReference: string) => string;
}

export const referenceAt = (place: number): string => `LOOP-${place}`;

/** The way from payer to payee: it waits for a payee that is about to come back, and loses answers. */
class LosingWay {
  private readonly lost = new Set<string>();
  private payeeIsBack: Promise<unknown> = Promise.resolve();
  private readonly server: Server;

  constructor(
    private readonly payee: ClusterMember,
    private readonly sendsTo: string,
  ) {
    this.server = createServer((request, response) => {
      this.pass(request, response).catch(() => response.destroy());
    });
  }

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get losses(): number {
    return this.lost.size;
  }

  /** Only what is under way when the payee dies meets its death: more faults in a row than those would open the payer's breaker. */
  async while(away: Promise<void>): Promise<void> {
    this.payeeIsBack = away;
    await away;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    const { method, url = '/', headers } = request;
    await this.payeeIsBack;
    const onward = askOnward(new URL(url, await this.payee.url), { method, headers });
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    const bytes = Buffer.concat((await answer.toArray()) as Buffer[]);
    if (this.isToBeLost(url, body.toString('utf8'))) return void response.destroy();
    response.writeHead(answer.statusCode ?? 0, { 'content-type': 'application/json' }).end(bytes);
  }

  private isToBeLost(url: string, body: string): boolean {
    if (!url.endsWith(this.sendsTo)) return false;
    const place = Number(/"LOOP-(\d+)"/.exec(body)?.[1]);
    if (place % LOST_ONE_IN !== 0 || this.lost.has(String(place))) return false;
    this.lost.add(String(place));
    return true;
  }
}

/** One Tranche of the two: its own database, its own process, a merchant in it. */
interface Side {
  readonly db: TestDatabase;
  readonly process: ClusterMember;
}

const count = async ({ db }: Side, text: string): Promise<number> =>
  db.transactions.asEngine(async (tx) =>
    Number((await tx.one<{ count: string }>(`SELECT count(*) AS count FROM ${text}`))?.count),
  );

/** What the dead process held is let go at the end of its lease: that is made to be now. */
async function killAndForget({ db, process }: Side): Promise<void> {
  await process.end();
  await injectTime(db.dataSource, { ahead_s: LEASE_S + 1 });
  await process.killAndRestart();
}

async function merchantAt({ process }: Side, more: object = {}): Promise<CreatedMerchantDto> {
  const operator = new ApiClient(await process.url, OPERATOR_KEY);
  const answer = await operator.post<CreatedMerchantDto>('/v1/operator/merchants', { name: 'Merchant', ...more });
  expect(answer.status).toBe(201);
  return answer.body;
}

/** What the payer calls the state of a payout of the payee: one that was refused there has failed here. */
const seenByPayer = ({ status, intent }: Payout): string | undefined =>
  status === 'INTENT_CREATION_FAILED' ? 'failed' : intent?.status;

/** Two Tranches, one paying through the door of the other: under kills and lost answers both books agree, and each payout is paid once. */
export function describeLoop(name: string, loop: Loop): void {
  let payer: Side;
  let payee: Side;
  let way: LosingWay;
  beforeAll(async () => {
    const side = async (): Promise<Side> => {
      const db = await testDatabase({ poolSize: 2 });
      return { db, process: startCluster(db.url, [{}])[0]! };
    };
    [payer, payee] = await Promise.all([side(), side()]);
    way = new LosingWay(payee.process, loop.sendsTo);
    await Promise.all([payer.process.url, payee.process.url]);
  });
  afterAll(async () => {
    way.close();
    for (const { db, process } of [payer, payee]) {
      await process.end();
      await db.close();
    }
  });

  async function connectorTo(receiving: CreatedMerchantDto): Promise<string> {
    const operator = new ApiClient(await payer.process.url, OPERATOR_KEY);
    const { type, config } = loop.connector;
    const answer = await operator.post<ConnectorDto>('/v1/operator/connectors', {
      name: 'The other Tranche',
      type,
      config: { ...config(receiving, await way.open()), timeout_ms: 10_000 },
      // Fewer than the faults in a row that open the breaker: so many calls meet the death of the payee.
      max_concurrency: 6,
    });
    expect(answer.status).toBe(201);
    return answer.body.id;
  }

  it(`two Tranches, one paying through the ${name} door of the other, agree on every payout and pay each once, under kills and lost answers`, async () => {
    const receiving = await merchantAt(payee);
    const paying = await merchantAt(payer, { connector_id: await connectorTo(receiving) });
    const items = Array.from({ length: loop.payouts }, (_, place) => loop.itemAt(place));
    const client = new ApiClient(await payer.process.url, paying.api_key);
    expect((await client.post<Bulk>('/v1/bulks', { items })).status).toBe(201);

    await comes('a quarter', async () => (await count(payee, 'bulk')) >= loop.payouts / 4);
    await killAndForget(payer);
    await comes('a half', async () => (await count(payee, 'bulk')) >= loop.payouts / 2);
    await way.while(killAndForget(payee));

    const sending = `payout WHERE status NOT IN ('PROCESSED', 'CANCELLED')`;
    await comes('an answer to every send', async () => (await count(payer, sending)) === 0);
    // What was taken is looked at some seconds later: that is now, too.
    await injectTime(payer.db.dataSource, { ahead_s: 2 * (LEASE_S + 1) });
    await comes('rest', async () => (await count(payer, `payout_intent WHERE status = 'pending'`)) === 0);
    await agree({ paying, receiving });
  });

  async function agree({ paying, receiving }: { paying: CreatedMerchantDto; receiving: CreatedMerchantDto }): Promise<void> {
    const sent = await new ApiClient(await payer.process.url, paying.api_key).all<Payout>('/v1/payouts');
    const taken = await new ApiClient(await payee.process.url, receiving.api_key).all<Payout>('/v1/payouts');
    const ended = sent.map(({ reference, intent }) => [reference, intent?.status] as const);
    const wanted = Array.from({ length: loop.payouts }, (_, place) => [referenceAt(place), loop.endAt(place)] as const);
    expect(new Map(ended)).toEqual(new Map(wanted));

    // The payee's payout that the payer names has the receiver and the amount, and stands as the payer says.
    const byBulk = new Map(taken.map((payout) => [payout.bulk_id, payout]));
    const told = sent.map(({ amount, payout_method, intent }) => ({
      bulk: loop.bulkIdOf(intent?.provider_reference ?? ''),
      payout_method,
      amount,
      status: intent?.status,
    }));
    const held = told.map(({ bulk }) => {
      const payout = byBulk.get(bulk);
      const status = payout === undefined ? undefined : seenByPayer(payout);
      return { bulk, payout_method: payout?.payout_method, amount: payout?.amount, status };
    });
    expect(held).toEqual(told);

    // Nothing was paid, or waits to be claimed, that the payer does not name: a key whose batch was denied may have had a second.
    const named = new Set(told.map(({ bulk }) => bulk));
    const unnamed = taken.filter((payout) => !named.has(payout.bulk_id)).map((payout) => [payout.amount, seenByPayer(payout)]);
    expect(unnamed.filter(([, status]) => status !== 'failed')).toEqual([]);
    const operator = new ApiClient(await payee.process.url, OPERATOR_KEY);
    const ledger = await operator.all<LedgerEntryDto>(`/v1/operator/connectors/${SANDBOX_ID}/ledger`);
    const paid = ledger.filter(({ status }) => status === 'succeeded');
    expect(paid.length).toBe(wanted.filter(([, end]) => end === 'succeeded').length);
    expect(new Set(paid.map(({ reference }) => reference)).size).toBe(paid.length);

    // What was to happen has happened.
    expect(way.losses).toBe(Math.ceil(loop.payouts / LOST_ONE_IN));
    expect(await count(payer, 'attempt')).toBe(loop.payouts);
    expect(await count(payer, `attempt WHERE sends > 1`)).toBeGreaterThanOrEqual(way.losses);
    expect([...payer.process.falls, ...payee.process.falls]).toEqual([]);
  }
}
