import { randomBytes } from 'node:crypto';
import type { DataSource, MixedList } from 'typeorm';
import {
  connected,
  dataSourceOptions,
  openEngine,
  openMerchants,
  Transactions,
  type UrlOptions,
} from '../../src/platform/database/index.js';
import { asAdmin, databaseUrl, TEMPLATE_DATABASE } from './test-server.js';

export interface TestDatabase {
  readonly url: string;
  /** By the superuser, to arrange and to look. */
  readonly dataSource: DataSource;
  /** In the roles of the product, which may do what it needs and no more. */
  readonly transactions: Transactions;
  /** Drops the database, whoever is still connected. */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  readonly entities?: MixedList<() => unknown>;
  readonly poolSize?: number;
  /** Empty instead of migrated. */
  readonly empty?: boolean;
}

/** A fresh database for one test file: a copy of the migrated template, on the PostgreSQL of this test run. */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const url = await createDatabase(options.empty === true ? 'template1' : TEMPLATE_DATABASE);
  const settings = dataSourceOptions({ url, poolSize: options.poolSize ?? 12, entities: options.entities });
  const { engine, merchants } = await openDoors(settings, null);
  const dataSource = await connected(settings);
  return {
    url,
    dataSource,
    transactions: new Transactions(engine, merchants),
    close: async () => {
      for (const source of [dataSource, engine, merchants]) if (source.isInitialized) await source.destroy();
      await dropDatabase(url);
    },
  };
}

export interface DatabaseDoors {
  readonly engine: DataSource;
  readonly merchants: DataSource;
}

/** Both ways into a database, as a process has them. */
export async function openDoors(options: UrlOptions, apiUrl: string | null): Promise<DatabaseDoors> {
  const engine = await openEngine(options, apiUrl);
  try {
    return { engine, merchants: await openMerchants(engine, options, apiUrl) };
  } catch (error) {
    await engine.destroy();
    throw error;
  }
}

/** @returns the URL of a new database with a name of its own. */
export async function createDatabase(template: string): Promise<string> {
  const name = `test_${process.env['JEST_WORKER_ID'] ?? '0'}_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl(), (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return databaseUrl(serverUrl(), name);
}

/** To be the template of another, once nobody is connected to it. */
export const databaseNameOf = (url: string): string => new URL(url).pathname.slice(1);

export async function dropDatabase(url: string): Promise<void> {
  await asAdmin(serverUrl(), (admin) => admin.query(`DROP DATABASE IF EXISTS ${databaseNameOf(url)} WITH (FORCE)`));
}

function serverUrl(): string {
  const url = process.env['TEST_DATABASE_URL'];
  if (url === undefined)
    throw new Error('no test server: specs that need a database stand under test/, whose jest project starts one');
  return url;
}
