import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from '../../src/app.module.js';
import { BulkAudit } from '../../src/bulks/index.js';
import { BUILT_IN_SANDBOX_ID } from '../../src/connectors/index.js';
import type { LedgerEntryDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import type { Configuration } from '../../src/platform/config/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { configureHttp, HttpServer } from '../../src/platform/http/index.js';
import { toTypeId } from '../../src/platform/ids/index.js';
import { ApiClient } from './api-client.js';
import './loose-timers.js';
import { MerchantClient } from './merchant-client.js';
import { orphansOf } from './orphans.js';
import { everythingStored } from './stored.js';
import { CONFIGURATION_OF_TESTS } from './test-configuration.js';
import { createDatabase, dropDatabase } from './test-database.js';
import { TEMPLATE_DATABASE } from './test-server.js';
import { eventually } from './until.js';

/** The connector that pays for merchants without one of their own. */
export const SANDBOX_ID = toTypeId('connector', BUILT_IN_SANDBOX_ID);

export interface TestApp {
  readonly url: string;
  /** By the superuser. */
  readonly databaseUrl: string;
  /** With the operator's key. */
  readonly operator: ApiClient;
  /** A client without a key, or with any other. */
  client(key: string | null): ApiClient;
  /** A new merchant with its own key: tests share the engine without seeing each other. */
  merchant(overrides?: Readonly<Record<string, unknown>>): Promise<MerchantClient>;
  /** What the sandbox has paid for everybody, oldest first. */
  ledger(): Promise<LedgerEntryDto[]>;
  /** Every row of every table as text, with what lies there as bytes in Latin letters where it has any. */
  stored(): Promise<string>;
  /** Every route that Express knows, such as `GET /v1/bulks/:id`. */
  routes(): string[];
  /** Where the stored counts of a bulk differ from its payouts, and which rows name one that is not there: none. */
  differences(): Promise<string[]>;
  /** A merchant that another process on the same database has made. */
  known(merchant: MerchantClient): MerchantClient;
  /** One of the program's own parts, for what no route reaches: what the clock of the cluster calls. */
  part<One>(type: abstract new (...given: never[]) => One): One;
  close(): Promise<void>;
}

export type TestAppOptions = Partial<Omit<Configuration, 'databaseUrl'>> & {
  /** An existing database that other processes use too; it is not dropped at the end. */
  readonly databaseUrl?: string;
};

/** The whole program in this process, API and workers, in sandbox mode, on a database and a port of its own. */
export async function testApp(options: TestAppOptions = {}): Promise<TestApp> {
  const databaseUrl = options.databaseUrl ?? (await createDatabase(TEMPLATE_DATABASE));
  const configuration: Configuration = { ...CONFIGURATION_OF_TESTS, ...options, databaseUrl };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.for(configuration), new HttpServer(configuration), {
    bodyParser: false,
    abortOnError: false,
    logger: configuration.logLevel === 'silent' ? false : ['error', 'warn'],
  });
  configureHttp(app, configuration);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${String((app.getHttpServer().address() as AddressInfo).port)}`;
  const operator = new ApiClient(url, configuration.operatorKey);
  return {
    url,
    databaseUrl,
    operator,
    client: (key) => new ApiClient(url, key),
    merchant: (overrides = {}) => newMerchant(operator, overrides, () => feedCatchesUp(app.get(Transactions, { strict: false }))),
    ledger: () => ledgerOf(operator),
    stored: () => app.get(Transactions, { strict: false }).asEngine((tx) => everythingStored(tx)),
    routes: () => routesOf(app.getHttpAdapter().getInstance() as Routed),
    differences: async () => [
      ...(await app.get(BulkAudit, { strict: false }).differences()),
      ...(await orphansOf(app.get(Transactions, { strict: false }))),
    ],
    known: ({ created }) => new MerchantClient(url, created, () => feedCatchesUp(app.get(Transactions, { strict: false }))),
    part: (type) => app.get(type, { strict: false }),
    close: async () => {
      await app.close();
      if (options.databaseUrl === undefined) await dropDatabase(databaseUrl);
    },
  };
}

/** The part of Express that lists its routes. */
interface Routed {
  readonly router: {
    readonly stack: readonly {
      readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
    }[];
  };
}

const routesOf = ({ router }: Routed): string[] =>
  router.stack.flatMap(({ route }) =>
    route === undefined ? [] : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );

async function newMerchant(
  operator: ApiClient,
  overrides: Readonly<Record<string, unknown>>,
  feedHasCaughtUp: () => Promise<void>,
): Promise<MerchantClient> {
  const answer = await operator.post<CreatedMerchantDto>('/v1/operator/merchants', { name: 'Test merchant', ...overrides });
  if (answer.status !== 201) throw new Error(`no merchant: ${answer.text}`);
  return new MerchantClient(operator.url, answer.body, feedHasCaughtUp);
}

/**
 * The feed shows an event once every transaction before it has ended, in any database of the server: until then a test that
 * has seen a payout change may not see its event.
 */
async function feedCatchesUp(transactions: Transactions): Promise<void> {
  const read = async (place: 'feed_now' | 'feed_horizon'): Promise<bigint> =>
    BigInt((await transactions.asEngine((tx) => tx.one<{ place: string }>(`SELECT ${place}() AS place`)))?.place ?? 0);
  const now = await read('feed_now');
  await eventually(
    () => read('feed_horizon'),
    (horizon) => horizon > now,
  );
}

async function ledgerOf(operator: ApiClient): Promise<LedgerEntryDto[]> {
  return (await operator.all<LedgerEntryDto>(`/v1/operator/connectors/${SANDBOX_ID}/ledger`)).reverse();
}
