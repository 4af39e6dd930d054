import { hashApiKey, newApiKey } from '../../src/merchants/api-key-format.js';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId, newUuid } from '../../src/platform/ids/index.js';
import { type TestApp, testApp } from '../support/app.js';
import { amountOf, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { strayPayment } from '../support/stray-payment.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { eventually } from '../support/until.js';
import { idKindsOf, type Operation } from './operations.js';

/** A merchant with one of everything that a route can name by an id. */
export interface Tenant {
  readonly client: MerchantClient;
  /** By the kind of id: `bulk`, `payout`, … */
  readonly ids: Readonly<Record<string, string>>;
  /** A payout that was sent, and so has attempts; that of `ids` can still be edited. */
  readonly sentPayout: string;
}

export interface Tenants {
  /** Serves the API only, so that nothing changes by itself. */
  readonly app: TestApp;
  readonly one: Tenant;
  readonly other: Tenant;
  close(): Promise<void>;
}

/** Two merchants who have one of everything, on a database that nobody works on any more. */
export async function twoTenants(): Promise<Tenants> {
  const databaseUrl = await createDatabase(TEMPLATE_DATABASE);
  const working = await testApp({ databaseUrl });
  const [first, second] = [await tenantOf(working), await tenantOf(working)];
  await working.close();
  const app = await testApp({ databaseUrl, roles: new Set(['api']) });
  const here = (tenant: Tenant): Tenant => ({ ...tenant, client: app.known(tenant.client) });
  return {
    app,
    one: here(first),
    other: here(second),
    close: async () => {
      await app.close();
      await dropDatabase(databaseUrl);
    },
  };
}

export async function tenantOf(app: TestApp): Promise<Tenant> {
  const client = await app.merchant();
  const connector = await app.operator.post<{ id: string }>('/v1/operator/connectors', {
    name: 'Gateway',
    type: 'http',
    config: { base_url: 'http://127.0.0.1:9', token: 'token_of_the_gateway', notification_secret: `whsec_${'A'.repeat(43)}=` },
  });
  const endpoint = await client.post<{ id: string }>('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/registered' });
  const bulk = await client.createValidated({ items: [validItem({ scheduled_date: tomorrow() })] });
  const paid = await client.createBulk([validItem({ amount: amountOf(9011) })]);
  const pending = await eventually(
    () => client.payoutOf(paid.id),
    ({ intent }) => intent?.status === 'pending',
  );
  const [delivery] = await client.all<{ id: string }>('/v1/webhook-deliveries');
  const resend = await client.post<{ id: string }>('/v1/webhook-deliveries/resend', { bulk_id: bulk.id });
  return {
    client,
    sentPayout: pending.id,
    ids: {
      merchant: client.id,
      // Not the one that it calls with, which it would lose.
      key: (await keyOf(app, client)).id,
      connector: connector.body.id,
      endpoint: endpoint.body.id,
      delivery: delivery!.id,
      resend: resend.body.id,
      bulk: bulk.id,
      payout: (await client.payoutOf(bulk.id)).id,
      intent: pending.intent!.id,
      stray: await strayPayment(app.databaseUrl, connector.body.id),
    },
  };
}

/** The ids of a path as this tenant would write them. @throws where a kind of id is new and nobody has one of it. */
export const idsOf = (operation: Operation, { ids }: Tenant): string[] =>
  idKindsOf(operation).map((kind) => {
    const id = ids[kind];
    if (id === undefined) throw new Error(`${operation.name}: give the tenants one ${kind}, so that its routes are tried too`);
    return id;
  });

/** Well formed, and names nothing. */
export const unknownId = (kind: string): string => `${kind}_01kb4n3w2ze3rbz4jrd9qk6v1x`;

/** Authorization headers that open nothing, by what is wrong with them. */
export async function uselessKeys({ app, one }: Tenants): Promise<Readonly<Record<string, string | null>>> {
  const good = one.client.created.api_key;
  const revoked = await keyOf(app, one.client);
  await app.operator.delete(`/v1/operator/merchants/${one.client.id}/api-keys/${revoked.id}`);
  const expired = await keyOf(app, one.client, { expires_at: tomorrow() });
  await app
    .part(Transactions)
    .asEngine((tx) =>
      tx.query('UPDATE api_key SET expires_at = tranche_now() WHERE secret_hash = $1', [hashApiKey(expired.api_key)]),
    );
  const ofOperator = await operatorKeyOf(app);
  await app.operator.delete(`/v1/operator/keys/${ofOperator.id}`);
  return {
    'no key': null,
    'an empty key': 'Bearer ',
    'another scheme': `Basic ${Buffer.from(`${good}:`).toString('base64')}`,
    'the key without its scheme': good,
    'two keys': `Bearer ${good}, Bearer ${good}`,
    'a malformed key': 'Bearer tr_test_nonsense',
    'a key with another character': `Bearer ${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`,
    'half a key': `Bearer ${good.slice(0, good.length / 2)}`,
    'the hash of a key': `Bearer ${hashApiKey(good).toString('hex')}`,
    'the id of a key': `Bearer ${one.client.created.api_key_id}`,
    'an unknown key': `Bearer ${newApiKey(newUuid(), 'test')}`,
    'a known id with another secret': `Bearer ${newApiKey(fromTypeId('key', one.client.created.api_key_id)!, 'test')}`,
    'an unknown key of an operator': `Bearer ${newApiKey(newUuid(), 'op')}`,
    'a revoked key of an operator': `Bearer ${ofOperator.api_key}`,
    'a revoked key': `Bearer ${revoked.api_key}`,
    'an expired key': `Bearer ${expired.api_key}`,
  };
}

interface MadeKey {
  readonly id: string;
  readonly api_key: string;
}

export async function keyOf(app: TestApp, client: MerchantClient, fields: object = {}): Promise<MadeKey> {
  const made = await app.operator.post<MadeKey>(`/v1/operator/merchants/${client.id}/api-keys`, fields);
  if (made.status !== 201) throw new Error(`no key: ${made.text}`);
  return made.body;
}

export async function operatorKeyOf(app: TestApp, fields: object = {}): Promise<MadeKey> {
  const made = await app.operator.post<MadeKey>('/v1/operator/keys', fields);
  if (made.status !== 201) throw new Error(`no key: ${made.text}`);
  return made.body;
}

/** One text that differs where any row of any table does, but for when a key was last used. */
export async function everyRow(app: TestApp): Promise<string> {
  return app.part(Transactions).asEngine(async (tx) => {
    const tables = await tx.query<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    const sums: string[] = [];
    for (const { name } of tables) {
      const [row] = await tx.query<{ sum: string }>(
        `SELECT concat(count(*), ' ', md5(string_agg((to_jsonb(t) - 'last_used_at')::text, chr(10) ORDER BY t::text))) AS sum FROM ${name} t`,
      );
      sums.push(`${name} ${row?.sum ?? ''}`);
    }
    return sums.join('\n');
  });
}

/** Every scope that some route asks for. */
export const scopesOf = (operations: readonly Operation[]): string[] => [...new Set(operations.flatMap(({ scopes }) => scopes))];
