import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';
import { NameMerchantOfTransaction20261121140000 } from '../../migrations/20261121140000-name-merchant-of-transaction.js';
import { PartSharedPayments20261123100000 } from '../../migrations/20261123100000-part-shared-payments.js';
import { migrations } from '../../migrations/index.js';
import { dataSourceOptions, migrate, openDataSource } from '../../src/platform/database/index.js';
import { dumpSchema } from '../../src/platform/database/schema-dump.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { createDatabase, dropDatabase, type TestDatabase, testDatabase, testMerchant } from '../support/index.js';
import { asAdmin, databaseUrl } from '../support/test-server.js';

/** Read from where it lies: agenda itself is the business of one file, src/platform/jobs. */
const BACKEND = 'node_modules/@agendajs/postgres-backend';
interface AgendaSchema {
  getCreateTableSQL(table: string): string;
  getCreateIndexesSQL(table: string): string[];
  getUpdateTimestampTriggerSQL(table: string): string;
}

const optionsFor = (url: string) => dataSourceOptions({ url, poolSize: 4 });

describe('migrations', () => {
  let url: string;
  let dataSource: DataSource;
  beforeAll(async () => {
    url = await createDatabase('template0');
    dataSource = await new DataSource(optionsFor(url)).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await dropDatabase(url);
  });

  it('go up, each one down again to exactly the schema before it, and up again', async () => {
    const before: string[] = [];
    for (let count = 1; count <= migrations.length; count += 1) {
      before.push(await dumpSchema(dataSource));
      await upBy(count, url);
    }
    const after = await dumpSchema(dataSource);
    for (const schema of before.reverse()) {
      await dataSource.undoLastMigration();
      expect(await dumpSchema(dataSource)).toBe(schema);
    }
    await dataSource.runMigrations();
    expect(await dumpSchema(dataSource)).toBe(after);
  });

  it('make what migrations/schema.sql says (else: `npm run docs`, and look at the difference)', async () => {
    await migrate(optionsFor(url));
    expect(await dumpSchema(dataSource)).toBe(await readFile('migrations/schema.sql', 'utf8'));
  });

  it('go down from under the rights that were given after them, which come back', async () => {
    const before = await dumpSchema(dataSource);
    const named = migrations.indexOf(NameMerchantOfTransaction20261121140000);
    for (let undone = migrations.length; undone > named; undone -= 1) await dataSource.undoLastMigration();
    expect(await dumpSchema(dataSource)).not.toContain('POLICY');
    await migrate(optionsFor(url));
    expect(await dumpSchema(dataSource)).toBe(before);
  });

  it('give a policy whose condition was another one in the version before the one of this version', async () => {
    await dataSource.query(`DROP POLICY merchant ON payout`);
    await dataSource.query(`CREATE POLICY merchant ON payout TO tranche_api USING (true)`);
    await dataSource.query(`COMMENT ON POLICY merchant ON payout IS 'true'`);
    await migrate(optionsFor(url));
    expect(await dumpSchema(dataSource)).toBe(await readFile('migrations/schema.sql', 'utf8'));
  });

  it('leave the rights as they are where a newer version has been, whose processes are at work', async () => {
    await dataSource.query(`INSERT INTO schema_migration (timestamp, name) VALUES (9, 'FromTheFuture9')`);
    await dataSource.query(`GRANT DELETE ON bulk TO tranche_api`);
    const newer = await dumpSchema(dataSource);
    await migrate(optionsFor(url));
    expect(await dumpSchema(dataSource)).toBe(newer);
    await dataSource.query(`DELETE FROM schema_migration WHERE timestamp = 9`);
    await migrate(optionsFor(url));
    expect(await dumpSchema(dataSource)).not.toBe(newer);
  });

  it('make the clock of agenda exactly as agenda would', async () => {
    const bare = await createDatabase('template0');
    const theirs = await new DataSource(optionsFor(bare)).initialize();
    const schema = (await import(pathToFileURL(resolve(BACKEND, 'dist/schema.js')).href)) as AgendaSchema;
    const statements = [
      schema.getCreateTableSQL('agenda_jobs'),
      ...schema.getCreateIndexesSQL('agenda_jobs'),
      schema.getUpdateTimestampTriggerSQL('agenda_jobs'),
    ];
    for (const statement of statements) await theirs.query(statement);
    const tableOf = (dump: string) => /CREATE TABLE agenda_jobs[^]*?(?=\nGRANT|\n\n|$)/.exec(dump)?.[0].trim();
    expect(tableOf(await dumpSchema(dataSource))).toBe(tableOf(await dumpSchema(theirs)));
    await theirs.destroy();
    await dropDatabase(bare);
  });
});

describe('payouts that a version before has told as paid by one payment', () => {
  const owner = `owner_${newUuid().replaceAll('-', '')}`;
  const connector = newUuid();
  let own: string;
  let url: string;
  beforeAll(async () => {
    own = await createDatabase('template0');
    const password = newUuid();
    url = Object.assign(new URL(own), { username: owner, password }).href;
    await asAdmin(own, async (admin) => {
      await admin.query(
        `CREATE ROLE ${owner} LOGIN NOINHERIT PASSWORD '${password}'; GRANT tranche_api, tranche_worker TO ${owner}`,
      );
      await admin.query(`ALTER DATABASE ${new URL(own).pathname.slice(1)} OWNER TO ${owner}`);
      await admin.query(`ALTER SCHEMA public OWNER TO ${owner}`);
    });
    await migrate(optionsFor(url));
    const before = await openDataSource(optionsFor(url));
    const parted = migrations.indexOf(PartSharedPayments20261123100000);
    for (let undone = migrations.length; undone > parted; undone -= 1) await before.undoLastMigration();
    await before.destroy();
  });
  afterAll(async () => {
    await dropDatabase(own);
    await asAdmin(databaseUrl(own, 'postgres'), (admin) => admin.query(`DROP ROLE ${owner}`));
  });

  it('are parted by an owner whom the walls bind: the first keeps the name, and an operator is told', async () => {
    const payouts = Array.from({ length: 5 }, () => newUuid());
    const names = ['BATCH', 'BATCH', 'BATCH', 'OWN', null];
    await asAdmin(own, async (admin) => {
      await admin.query(`INSERT INTO connector (id, name, type, config, max_concurrency) VALUES ($1, 'gateway', 'http', '', 1)`, [
        connector,
      ]);
      await admin.query(
        `INSERT INTO payout_intent (payout_id, id, merchant_id, connector_id, status, provider_reference, created_at)
         SELECT payout_id, payout_id, payout_id, $1, 'succeeded', name, now() + place * interval '1 second'
         FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS v (payout_id, name, place)`,
        [connector, payouts, names],
      );
      // By hand, before the upgrade, as docs/operations.md says.
      const byHand = `CREATE UNIQUE INDEX CONCURRENTLY payout_intent_payment ON payout_intent (connector_id, provider_reference)
        WHERE provider_reference IS NOT NULL`;
      await expect(admin.query(byHand)).rejects.toThrow('could not create unique index');
    });
    await migrate(optionsFor(url));
    await asAdmin(own, async (admin) => {
      const { rows } = await admin.query<{ name: string | null }>(
        `SELECT provider_reference AS name FROM payout_intent ORDER BY created_at`,
      );
      expect(rows.map(({ name }) => name)).toEqual(['BATCH', null, null, 'OWN', null]);
      const strays = await admin.query<{ detail: string }>(`SELECT * FROM stray_payment`);
      expect(strays.rows).toMatchObject([{ connector_id: connector, provider_reference: 'BATCH', payout_id: payouts[0] }]);
      for (const payout of payouts.slice(0, 3)) expect(strays.rows[0]!.detail).toContain(payout);
      const twice = `UPDATE payout_intent SET provider_reference = 'BATCH' WHERE payout_id = $1`;
      await expect(admin.query(twice, [payouts[4]])).rejects.toThrow('payout_intent_payment');
    });
  });
});

/** Runs the first `count` migrations. */
async function upBy(count: number, url: string): Promise<void> {
  const partial = await new DataSource({ ...optionsFor(url), migrations: migrations.slice(0, count) }).initialize();
  await partial.runMigrations();
  await partial.destroy();
}

describe('starting on a database', () => {
  it('migrates once when several processes start at once', async () => {
    const url = await createDatabase('template0');
    const opened = await Promise.all([1, 2, 3, 4].map(() => openDataSource(optionsFor(url))));
    for (const dataSource of opened) {
      expect(await dataSource.query('SELECT count(*)::int AS count FROM schema_migration')).toEqual([
        { count: migrations.length },
      ]);
    }
    await Promise.all(opened.map((dataSource) => dataSource.destroy()));
    await dropDatabase(url);
  });

  it('gives back the connection it migrated on with the usual time limits', async () => {
    const url = await createDatabase('template0');
    const dataSource = await openDataSource(dataSourceOptions({ url, poolSize: 1 }));
    expect(
      await dataSource.query(`SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`),
    ).toEqual([{ statement: '30s', lock: '10s' }]);
    await dataSource.destroy();
    await dropDatabase(url);
  });

  it('refuses a server that says no, in one line, without waiting', async () => {
    const url = await createDatabase('template0');
    const gone = url.replace(/\/[^/]*$/, '/no_such_database');
    await expect(openDataSource(optionsFor(gone))).rejects.toThrow(
      /^the database can not be reached: database "no_such_database" does not exist$/,
    );
    await dropDatabase(url);
  });
});

describe('the feed after a restore into a younger cluster', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  const feedNow = async (): Promise<bigint> =>
    BigInt((await db.transactions.asEngine((tx) => tx.one('SELECT feed_now() AS feed')))?.['feed'] as string);
  const liftedBy = async (): Promise<string> =>
    (await db.transactions.asEngine((tx) => tx.one('SELECT lifted_by FROM feed_offset')))?.['lifted_by'] as string;
  const restart = async (): Promise<void> => (await openDataSource(optionsFor(db.url))).destroy();

  async function recordEvent(feed: bigint, sequence: number): Promise<void> {
    const merchant = await testMerchant(db);
    await db.transactions.asEngine((tx) =>
      tx.query(
        `INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, body) VALUES (gen_random_uuid(), $1, $2, 'webhook.ping', $1, $3, '')`,
        [merchant.id, feed.toString(), sequence],
      ),
    );
  }

  it('is left alone while events lie in the past', async () => {
    await recordEvent(await feedNow(), 1);
    await restart();
    expect(await liftedBy()).toBe('0');
  });

  it('is lifted above every event that came with the dump, once', async () => {
    const theirs = (await feedNow()) + 5_000_000n;
    await recordEvent(theirs, 1);
    await restart();
    expect(await feedNow()).toBeGreaterThan(theirs);
    const lifted = await liftedBy();
    await restart();
    expect(await liftedBy()).toBe(lifted);
  });
});
