import { Controller, Get, Global, type INestApplicationContext, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { MerchantsModule } from '../../src/merchants/index.js';
import { CONFIGURATION, type Configuration, START_BANNER, StartBanner } from '../../src/platform/config/index.js';
import { Sealer } from '../../src/platform/crypto/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { configureHttp, Merchant, type MerchantPrincipal, Scopes } from '../../src/platform/http/index.js';
import { ObservabilityModule } from '../../src/platform/observability/index.js';
import { type TestDatabase, testSealer } from '../support/index.js';
import { CONFIGURATION_OF_TESTS } from '../support/test-configuration.js';

export const OPERATOR_KEY = 'op_of_the_tests';

/** Routes of a trade of its own, to see what a key opens. */
@Controller('v1/whoami')
class WhoAmIController {
  @Get()
  @Scopes('bulks:read')
  read(@Merchant() merchant: MerchantPrincipal): object {
    return { ...merchant };
  }
}

type Call = [method: string, path: string, json?: unknown, options?: { key?: string | null; idempotencyKey?: string }];

export interface MerchantsApp {
  readonly context: INestApplicationContext;
  /** As the operator, unless a key is given; null sends none. */
  call(...call: Call): Promise<Answered>;
  banner(): string[];
  close(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The answers are looked into with matchers, which take anything.
  readonly json: Record<string, unknown> & { readonly data?: Record<string, unknown>[] };
}

const OF_MERCHANTS: Partial<Configuration> = {
  databasePoolSize: 4,
  roles: new Set(['api']),
  sandbox: false,
  operatorKey: OPERATOR_KEY,
  webhookAllowCidrs: [],
};

/** The merchants module under the HTTP kernel, on a real database and a real socket. */
export async function startMerchantsApp(db: TestDatabase, overrides: Partial<Configuration> = {}): Promise<MerchantsApp> {
  const configuration: Configuration = { ...CONFIGURATION_OF_TESTS, databaseUrl: db.url, ...OF_MERCHANTS, ...overrides };
  const banner = new StartBanner();
  @Global()
  @Module({
    providers: [
      { provide: CONFIGURATION, useValue: configuration },
      { provide: START_BANNER, useValue: banner },
      { provide: DataSource, useValue: db.dataSource },
      { provide: Transactions, useValue: db.transactions },
      { provide: Sealer, useValue: testSealer },
    ],
    exports: [CONFIGURATION, START_BANNER, DataSource, Transactions, Sealer],
  })
  class Platform {}

  const testing = await Test.createTestingModule({
    imports: [Platform, ObservabilityModule, MerchantsModule],
    controllers: [WhoAmIController],
  }).compile();
  const app = testing.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
  configureHttp(app, configuration);
  await app.listen(0, '127.0.0.1');
  const origin = `http://127.0.0.1:${String((app.getHttpServer().address() as AddressInfo).port)}`;
  return {
    context: app,
    call: (...call) => send(origin, call),
    banner: () => banner.lines(origin),
    close: () => app.close(),
  };
}

async function send(origin: string, [method, path, json, options = {}]: Call): Promise<Answered> {
  const { key = OPERATOR_KEY, idempotencyKey } = options;
  const headers = new Headers();
  if (json !== undefined) headers.set('Content-Type', 'application/json');
  if (key !== null) headers.set('Authorization', `Bearer ${key}`);
  if (idempotencyKey !== undefined) headers.set('Idempotency-Key', idempotencyKey);
  const answer = await fetch(origin + path, { method, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) });
  const text = await answer.text();
  const isJson = answer.headers.get('Content-Type')?.includes('json') === true;
  return { status: answer.status, headers: answer.headers, text, json: isJson ? (JSON.parse(text) as Answered['json']) : {} };
}
