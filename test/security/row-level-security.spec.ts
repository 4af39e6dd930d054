import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { inRole, type DatabaseRole } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { testApp } from '../support/app.js';
import { createDatabase, dropDatabase } from '../support/index.js';
import { tomorrow, validItem } from '../support/items.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { tenantOf } from './tenants.js';

/** What no merchant owns, and why. Whoever works for merchants may at most read there. */
const OF_THE_ENGINE: Readonly<Record<string, string>> = {
  agenda_jobs: 'duties of the cluster',
  connector: 'ways to providers, which merchants share; what is secret in it is sealed',
  connector_worker: 'how many places each process has',
  encryption_key: 'which keys there are; never a key',
  engine: 'the brake on everything',
  feed_offset: 'one number for the order of all events',
  fingerprint_key: 'one key for all, sealed',
  key_rotation: 'how far a table has been sealed anew',
  provider_notification: 'kept until it is known whose payment it is about',
  rate_bucket: 'requests left, by key and by address',
  sandbox_payment: 'the books of a provider, which knows no merchants',
  sandbox_refusal: 'the same',
  schema_migration: 'what was migrated',
  stray_payment: 'at the provider, and not known to be anybody’s',
};
/** Unique keys without a merchant that are more than ids which we draw ourselves. */
const UNIQUE_FOR_ALL: Readonly<Record<string, string>> = {
  api_key_secret_hash_key: 'a key is looked up before it is known whose it is',
  payout_link_token_unique: 'so is a link',
};
const DENIED = '42501';

type Outcome = number | 'denied';
type Row = Readonly<Record<string, unknown>>;

let url: string;
let admin: pg.Client;
let mine: string;
let theirs: string;
/** Every table of the schema, with the columns that can be inserted, and the first that can be updated. */
let tables: { name: string; walled: boolean; columns: string[]; first: string }[];

const connect = async (as: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: as });
  await client.connect();
  return client;
};

beforeAll(async () => {
  url = await createDatabase(TEMPLATE_DATABASE);
  const app = await testApp({ databaseUrl: url });
  const [one, other] = [await tenantOf(app), await tenantOf(app)];
  for (const { client } of [one, other]) {
    const answer = await client.post(
      '/v1/bulks',
      { items: [validItem({ scheduled_date: tomorrow() })] },
      { 'idempotency-key': 'one' },
    );
    expect(answer.status).toBe(201);
  }
  await app.close();
  admin = await connect(url);
  [mine, theirs] = [one, other].map(({ client }) => fromTypeId('merchant', client.id)!) as [string, string];
  // Of these the workers leave none behind.
  await admin.query(`INSERT INTO webhook_lane_wake SELECT id FROM webhook_endpoint`);
  await admin.query(`INSERT INTO audit_chain (merchant_id) SELECT id FROM merchant ON CONFLICT DO NOTHING`);
  await admin.query(`INSERT INTO event_horizon SELECT id, 0, 0, now() FROM merchant`);
  await admin.query(`INSERT INTO bulk_origin SELECT id, merchant_id, 'paypal', NULL, '' FROM bulk`);
  await admin.query(`INSERT INTO payout_origin SELECT id, merchant_id, '' FROM payout`);
  await admin.query(
    `INSERT INTO payout_link (id, merchant_id, status, amount_minor, currency, token_hash, details, expires_at, last_sequence, feed)
     SELECT id, id, 'open', 1, 'USD', decode(md5(id::text), 'hex'), '', now(), 1, 0 FROM merchant`,
  );
  await admin.query(`INSERT INTO dots_user SELECT id, id, '', '' FROM merchant`);
  await admin.query(
    `INSERT INTO webhook_resend_item SELECT r.id, r.endpoint_id, r.id, 1, r.id
     FROM (SELECT DISTINCT ON (r.merchant_id) r.id, e.id AS endpoint_id FROM webhook_resend r JOIN webhook_endpoint e USING (merchant_id)) r
     ON CONFLICT DO NOTHING`,
  );
  ({ rows: tables } = await admin.query(
    `SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
       (SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attgenerated = '' AND a.attidentity = '' ORDER BY a.attnum LIMIT 1) AS first
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname`,
  ));
});
afterAll(async () => {
  await admin.end();
  await dropDatabase(url);
});

/** In a session of the role that ends with everything undone. */
async function inSession<Result>(
  { role, merchant }: { role: DatabaseRole; merchant: string | null },
  work: (session: pg.Client) => Promise<Result>,
): Promise<Result> {
  const session = await connect(inRole(url, role));
  try {
    await session.query('BEGIN');
    if (merchant !== null) await session.query(`SELECT set_config('tranche.merchant_id', $1, true)`, [merchant]);
    return await work(session);
  } finally {
    await session.end();
  }
}

/** How many rows the statement touched, or that it was refused; the session goes on. */
async function outcomeOf(session: pg.Client, text: string, values: unknown[] = []): Promise<Outcome> {
  await session.query('SAVEPOINT one');
  try {
    return (await session.query(text, values)).rowCount ?? 0;
  } catch (error) {
    if ((error as pg.DatabaseError).code !== DENIED) throw error;
    await session.query('ROLLBACK TO SAVEPOINT one');
    return 'denied';
  }
}

const asApi = (merchant: string | null) => ({ role: 'tranche_api', merchant }) as const;

const walledTables = (): string[] => tables.filter(({ walled }) => walled).map(({ name }) => name);

/** Whose a row is, said without any policy: by its own column, or by what it hangs on. */
const OWNED: Readonly<Record<string, string>> = {
  merchant: 't.id = $1',
  webhook_lane_wake: 't.endpoint_id IN (SELECT id FROM webhook_endpoint WHERE merchant_id = $1)',
  webhook_resend_item: 't.resend_id IN (SELECT id FROM webhook_resend WHERE merchant_id = $1)',
};
const ownedBy = async (merchant: string, table: string): Promise<Row[]> =>
  (
    await admin.query<{ row: Row }>(
      `SELECT to_jsonb(t) AS row FROM ${table} t WHERE ${OWNED[table] ?? 't.merchant_id = $1'} ORDER BY 1`,
      [merchant],
    )
  ).rows.map(({ row }) => row);
const seenBy = (merchant: string | null, table: string): Promise<Row[] | 'denied'> =>
  inSession(asApi(merchant), async (session) => {
    if ((await outcomeOf(session, `SELECT FROM ${table}`)) === 'denied') return 'denied';
    return (await session.query<{ row: Row }>(`SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY 1`)).rows.map(({ row }) => row);
  });

describe('Row-level security', () => {
  it('stands under every table, but for those of the engine', () => {
    const open = tables.filter(({ walled }) => !walled);
    expect(open.map(({ name }) => name)).toEqual(Object.keys(OF_THE_ENGINE).sort());
    expect(open.filter(({ columns }) => columns.includes('merchant_id'))).toEqual([]);
  });

  it('shows a merchant its own rows of every table and no other, and nothing to whoever names no merchant', async () => {
    for (const table of walledTables()) {
      const own = await ownedBy(mine, table);
      // Else this would say nothing about the table: let `tenantOf` make a row of it.
      expect([table, own.length > 0, (await ownedBy(theirs, table)).length > 0]).toEqual([table, true, true]);
      const seen = await seenBy(mine, table);
      expect([table, seen]).toEqual([table, seen === 'denied' ? 'denied' : own]);
      expect([table, await seenBy(null, table)]).toEqual([table, seen === 'denied' ? 'denied' : []]);
    }
  });

  it('refuses to write a row of another merchant, to change or to delete one, and to give one away', async () => {
    for (const { name, columns, first } of tables.filter(({ walled }) => walled)) {
      const [foreign] = await ownedBy(theirs, name);
      const list = columns.map((column) => `"${column}"`).join(', ');
      const inserted = `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM jsonb_populate_record(NULL::${name}, $1)`;
      const tried = await inSession(asApi(mine), async (session) => ({
        table: name,
        insert: await outcomeOf(session, inserted, [foreign]),
        update: await outcomeOf(session, `UPDATE ${name} t SET "${first}" = "${first}" WHERE to_jsonb(t) = $1`, [foreign]),
        delete: await outcomeOf(session, `DELETE FROM ${name} t WHERE to_jsonb(t) = $1`, [foreign]),
        give: columns.includes('merchant_id')
          ? await outcomeOf(session, `UPDATE ${name} SET merchant_id = $1 WHERE merchant_id = $2`, [theirs, mine])
          : 'denied',
      }));
      const refused = (outcome: Outcome): Outcome => (outcome === 0 ? 'denied' : outcome);
      expect({ ...tried, update: refused(tried.update), delete: refused(tried.delete) }).toEqual({
        table: name,
        insert: 'denied',
        update: 'denied',
        delete: 'denied',
        give: 'denied',
      });
    }
  });

  it('lets nobody who works for a merchant write to a table of the engine', async () => {
    for (const { name, first } of tables.filter(({ walled }) => !walled)) {
      const tried = await inSession(asApi(mine), async (session) => [
        await outcomeOf(session, `INSERT INTO ${name} DEFAULT VALUES`),
        await outcomeOf(session, `UPDATE ${name} SET "${first}" = "${first}"`),
        await outcomeOf(session, `DELETE FROM ${name}`),
      ]);
      expect([name, ...tried]).toEqual([name, 'denied', 'denied', 'denied']);
    }
  });

  it.each(['tranche_api', 'tranche_worker'] as const)(
    'is not for %s to change, nor are events and steps of attempts',
    async (role) => {
      const statements = [
        'UPDATE event SET body = body',
        'TRUNCATE event',
        'UPDATE attempt_step SET detail = NULL',
        'DELETE FROM attempt_step',
        'UPDATE audit_entry SET changes = changes',
        'DELETE FROM audit_entry',
        'DELETE FROM payout',
        'ALTER TABLE event DISABLE ROW LEVEL SECURITY',
        'ALTER TABLE event NO FORCE ROW LEVEL SECURITY',
        'DROP POLICY merchant ON event',
        'CREATE POLICY mine ON event USING (true)',
        'DROP TABLE event',
        'CREATE TABLE mine (one integer)',
        `CREATE OR REPLACE FUNCTION tranche_merchant() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'`,
      ];
      await inSession({ role, merchant: mine }, async (session) => {
        for (const text of statements) expect([text, await outcomeOf(session, text)]).toEqual([text, 'denied']);
      });
    },
  );

  it('lets the engine delete what is older than a day of the events, and nothing younger', async () => {
    await inSession({ role: 'tranche_worker', merchant: null }, async (session) => {
      const old = `INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, body, occurred_at)
        SELECT gen_random_uuid(), $1, 1, 'webhook.ping', gen_random_uuid(), 1, '', now() - interval '25 hours'`;
      expect(await outcomeOf(session, old, [mine])).toBe(1);
      expect(await outcomeOf(session, 'DELETE FROM event')).toBe(1);
    });
    await inSession(asApi(mine), async (session) => expect(await outcomeOf(session, 'DELETE FROM event')).toBe('denied'));
  });

  it('shows the engine every row', async () => {
    for (const table of walledTables()) {
      const { rows } = await admin.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
      const seen = await inSession({ role: 'tranche_worker', merchant: null }, (session) =>
        outcomeOf(session, `SELECT FROM ${table}`),
      );
      expect([table, seen]).toEqual([table, rows[0]?.count]);
    }
  });

  it('is a filter and never the way to the rows, which for the largest merchant would be all of his', async () => {
    for (const { name, columns } of tables.filter((table) => table.walled && table.columns.includes('merchant_id'))) {
      const plan = await inSession(asApi(mine), async (session) => {
        if ((await outcomeOf(session, `SELECT FROM ${name}`)) === 'denied') return [];
        await session.query('SET enable_seqscan = off');
        const { rows } = await session.query<{ 'QUERY PLAN': string }>(`EXPLAIN SELECT ${columns.join(', ')} FROM ${name}`);
        return rows.map((row) => row['QUERY PLAN']);
      });
      expect([name, plan.filter((line) => line.includes('Index Cond'))]).toEqual([name, []]);
    }
  });

  it('is helped by unique keys that hold a merchant, or nothing but ids that we draw', async () => {
    const { rows } = await admin.query<{ name: string }>(
      `SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
       WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
           AND (a.attname = 'merchant_id' OR a.atttypid = 'uuid'::regtype OR a.attidentity <> ''))
       ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(UNIQUE_FOR_ALL).sort());
  });
});
