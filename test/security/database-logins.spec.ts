import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import pg from 'pg';
import {
  dataSourceOptions,
  startEmbeddedPostgres,
  Transactions,
  type EmbeddedPostgres,
} from '../../src/platform/database/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { openDoors, type DatabaseDoors } from '../support/test-database.js';
import { asAdmin, databaseUrl, serverDirectory } from '../support/test-server.js';

/** Of every login here: the server is gone with the test. */
const PASSWORD = 'of-the-test';

let directory: string;
let server: EmbeddedPostgres;

beforeAll(async () => {
  directory = serverDirectory();
  // Its own, because roles belong to a whole server.
  server = await startEmbeddedPostgres({ dataDirectory: directory, settings: { fsync: 'off' }, initdbOptions: ['--no-sync'] });
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

const asSuperuser = (...texts: readonly string[]): Promise<void> =>
  asAdmin(server.url, async (admin) => {
    for (const text of texts) await admin.query(text);
  });

/** The address of a database for a login. */
function urlOf(login: string, database: string): string {
  const url = new URL(databaseUrl(server.url, database));
  url.username = login;
  url.password = PASSWORD;
  return url.href;
}

/** A login with a database of the same name, which it owns. */
async function owner(name: string, attributes = ''): Promise<string> {
  await asSuperuser(`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}' ${attributes}`, `CREATE DATABASE ${name} OWNER ${name}`);
  return urlOf(name, name);
}

async function started<Result>(
  url: string,
  apiUrl: string | null,
  work: (doors: DatabaseDoors) => Promise<Result>,
): Promise<Result> {
  const doors = await openDoors(dataSourceOptions({ url, poolSize: 2 }), apiUrl);
  try {
    return await work(doors);
  } finally {
    await Promise.all([doors.engine.destroy(), doors.merchants.destroy()]);
  }
}

/** Why it does not start; null where it does. */
const refusalOf = (url: string, apiUrl: string | null = null): Promise<string | null> =>
  started(url, apiUrl, () => Promise.resolve(null)).catch((error: unknown) => (error as Error).message);

/** Whom the sessions of both doors work as, and that a merchant's rows are seen by the engine and by itself. */
const worksIn = (url: string, apiUrl: string | null = null): Promise<unknown> =>
  started(url, apiUrl, async ({ engine, merchants }) => {
    const transactions = new Transactions(engine, merchants);
    const id = newUuid();
    await transactions.asEngine((tx) =>
      tx.query(`INSERT INTO merchant (id, name, webhook_secrets) VALUES ($1, 'One', '')`, [id]),
    );
    const seen = (merchant: string) =>
      transactions.asMerchant(merchant, (tx) =>
        tx.one(`SELECT current_user AS "as", count(m)::int AS merchants FROM (SELECT) one LEFT JOIN merchant m ON m.id = $1`, [
          id,
        ]),
      );
    const asEngine = await engine.query<unknown[]>('SELECT current_user AS "as"');
    return { engine: asEngine, own: await seen(id), foreign: await seen(newUuid()) };
  });
const IN_ROLES = {
  engine: [{ as: 'tranche_worker' }],
  own: { as: 'tranche_api', merchants: 1 },
  foreign: { as: 'tranche_api', merchants: 0 },
};

describe('A database of one’s own', () => {
  // In the order in which a server would meet them: the roles are made once.
  it('is refused to an owner that may not create roles, with the statements to run, and accepted after them', async () => {
    const url = await owner('landlord');
    const statements = 'CREATE ROLE tranche_api; CREATE ROLE tranche_worker; GRANT tranche_api, tranche_worker TO landlord';
    expect(await refusalOf(url)).toBe(
      `landlord can not become tranche_api and tranche_worker, nor arrange that; let a superuser run: ${statements}`,
    );
    await asSuperuser(statements);
    expect(await worksIn(url)).toEqual(IN_ROLES);
  });

  it('is accepted from an owner that may create roles, which makes them by itself', async () => {
    await asSuperuser('DROP DATABASE landlord', 'DROP ROLE tranche_api, tranche_worker');
    expect(await worksIn(await owner('founder', 'CREATEROLE'))).toEqual(IN_ROLES);
  });

  it('is accepted from a superuser, whose sessions are in the roles all the same', async () => {
    expect(await worksIn(await owner('almighty', 'SUPERUSER'))).toEqual(IN_ROLES);
  });

  it('is accepted from a login that owns nothing, once somebody who does has migrated', async () => {
    await asSuperuser(
      `CREATE ROLE tenant LOGIN PASSWORD '${PASSWORD}' IN ROLE tranche_api, tranche_worker`,
      `CREATE DATABASE unmigrated`,
    );
    expect(await worksIn(urlOf('tenant', 'founder'))).toEqual(IN_ROLES);
    expect(await refusalOf(urlOf('tenant', 'unmigrated'))).toMatch(
      /^the schema has to be changed, and the login of DATABASE_URL may not \(permission denied for schema public\); start one process as the owner/,
    );
  });

  it('is refused where row-level security does not bind a role', async () => {
    const url = urlOf('founder', 'founder');
    await asSuperuser('ALTER ROLE tranche_api BYPASSRLS');
    expect(await refusalOf(url)).toBe(
      'row-level security does not bind tranche_api: ALTER ROLE tranche_api NOSUPERUSER NOBYPASSRLS',
    );
    await asSuperuser('ALTER ROLE tranche_api NOSUPERUSER NOBYPASSRLS', 'GRANT almighty TO tranche_api');
    expect(await refusalOf(url)).toBe('tranche_api may become almighty, which is a superuser: REVOKE almighty FROM tranche_api');
    await asSuperuser('REVOKE almighty FROM tranche_api', 'GRANT tranche_worker TO tranche_api');
    expect(await refusalOf(url)).toBe(
      'tranche_api may become tranche_worker, which sees every merchant: REVOKE tranche_worker FROM tranche_api',
    );
    await asSuperuser('REVOKE tranche_worker FROM tranche_api');
  });
});

describe('A login of the API’s own', () => {
  it.each([
    ['almighty', 'is a superuser'],
    ['founder', 'owns the tables'],
    ['tenant', 'may become tranche_worker, which sees every merchant'],
  ])('is refused to %s, which %s', async (login, fault) => {
    expect(await refusalOf(urlOf('founder', 'founder'), urlOf(login, 'founder'))).toBe(
      `DATABASE_API_URL logs in as ${login}, which ${fault}: give it a login that is tranche_api alone (ALTER ROLE tranche_api LOGIN PASSWORD '…'), or leave it out`,
    );
  });

  it('is opened by the first start, keeps its password, and leads to the same database', async () => {
    const url = urlOf('founder', 'founder');
    const apiUrl = urlOf('tranche_api', 'founder');
    expect(await worksIn(url, apiUrl)).toEqual(IN_ROLES);
    expect(await refusalOf(url, apiUrl.replace(PASSWORD, 'another'))).toMatch(
      /password authentication failed for user "tranche_api"$/,
    );
    expect(await refusalOf(url, urlOf('tranche_api', 'almighty'))).toBe(
      'DATABASE_API_URL leads to another database than DATABASE_URL',
    );
  });

  it('can not leave its role, whatever statement somebody smuggles in', async () => {
    const client = new pg.Client({ connectionString: urlOf('tranche_api', 'founder') });
    await client.connect();
    const become = [
      'SET ROLE tranche_worker',
      'SET ROLE founder',
      'SET SESSION AUTHORIZATION founder',
      `SELECT set_config('role', 'tranche_worker', true)`,
    ];
    for (const text of become) await expect(client.query(text)).rejects.toThrow(/permission denied to set/);
    for (const text of ['RESET ROLE', 'SET ROLE NONE', 'SET row_security = off']) await client.query(text);
    await expect(client.query('SELECT FROM payout')).rejects.toThrow('query would be affected by row-level security policy');
    await client.query('RESET row_security');
    expect((await client.query('SELECT FROM merchant')).rowCount).toBe(0);
    await client.end();
  });

  it('is what the embedded database has from its first start on', async () => {
    expect(await worksIn(server.url, server.apiUrl?.replace(/:[^:@]*@/, `:${PASSWORD}@`) ?? '')).toEqual(IN_ROLES);
  });
});
