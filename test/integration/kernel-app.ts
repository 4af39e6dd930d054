import { Body, Controller, Delete, Get, HttpCode, Injectable, Module, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { IsOptional, IsString, Length } from 'class-validator';
import type { Response } from 'express';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { CONFIGURATION } from '../../src/platform/config/index.js';
import { Sealer } from '../../src/platform/crypto/index.js';
import { Transactions, type Tx } from '../../src/platform/database/index.js';
import {
  type Caller,
  CarriesSecret,
  configureHttp,
  type Credentials,
  CREDENTIALS,
  defineProblems,
  type HttpRequest,
  idOf,
  IfMatch,
  IsMetadata,
  KeysetList,
  LargeBody,
  type List,
  Merchant,
  type MerchantPrincipal,
  notFound,
  OperatorRoute,
  PageQuery,
  type Preparation,
  Prepared,
  PreparedBy,
  Public,
  RequestTx,
  Scopes,
  setEtag,
  toList,
  Verbatim,
  versionConflict,
} from '../../src/platform/http/index.js';
import { newUuid, toTypeId } from '../../src/platform/ids/index.js';
import { ObservabilityModule } from '../../src/platform/observability/index.js';
import type { TestDatabase } from '../support/index.js';
import { testSealer } from '../support/index.js';

export const OPERATOR_KEY = 'operator-key';
/** A well-formed id that names nothing. */
export const UNKNOWN_ID = toTypeId('link', '01890000-0000-7000-8000-000000000000');

const thingProblem = defineProblems({ thing_refused: { status: 409, title: 'Refused', meaning: 'This route refuses.' } });

/** What tests steer and count: the handlers' runs, and a gate that a slow one waits at. */
@Injectable()
export class Stage {
  runs = 0;
  prepared = 0;
  /** How many more runs lose their connection in the middle. */
  kills = 0;
  /** How many more runs meet a serialization failure. */
  conflicts = 0;
  gate: Promise<void> = Promise.resolve();
  reached: () => void = () => undefined;
}

@Injectable()
class LookUp implements Preparation<string> {
  constructor(private readonly stage: Stage) {}

  prepare(request: HttpRequest): Promise<string> {
    this.stage.prepared += 1;
    return Promise.resolve(`${request.method} looked up`);
  }
}

class ThingInput {
  @IsString()
  @Length(1, 20)
  name: string;

  @IsOptional()
  @Verbatim()
  @IsMetadata()
  metadata?: Record<string, string>;
}

interface ThingRow {
  id: string;
  name: string;
}

const things = new KeysetList<ThingRow>({
  kind: 'link',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM thing WHERE id = $1 AND merchant_id = $2',
  values: 1,
  select: (condition) => `SELECT id, name FROM thing WHERE merchant_id = $1 AND ${condition}`,
});

async function insert(tx: Tx, merchantId: string, name: string): Promise<{ id: string; name: string }> {
  const id = newUuid();
  await tx.query('INSERT INTO thing (id, merchant_id, name) VALUES ($1, $2, $3)', [id, merchantId, name]);
  return { id: toTypeId('link', id), name };
}

@Controller('v1/things')
class ThingsController {
  constructor(
    private readonly stage: Stage,
    private readonly transactions: Transactions,
  ) {}

  @Post()
  async create(
    @Merchant() merchant: MerchantPrincipal,
    @RequestTx() tx: Tx,
    @Body() input: ThingInput,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    this.stage.runs += 1;
    const thing = await insert(tx, merchant.id, input.name);
    response.setHeader('Location', `/v1/things/${thing.id}`);
    setEtag(response, 1);
    if (this.stage.conflicts > 0) {
      this.stage.conflicts -= 1;
      await tx.query(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`);
    }
    if (this.stage.kills > 0) {
      this.stage.kills -= 1;
      await tx.query('SELECT end_own_session()');
    }
    this.stage.reached();
    await this.stage.gate;
    return { ...thing, metadata: input.metadata ?? null };
  }

  @Post('refused')
  async refused(
    @Merchant() merchant: MerchantPrincipal,
    @RequestTx() tx: Tx,
    @Res({ passthrough: true }) response: Response,
  ): Promise<never> {
    this.stage.runs += 1;
    const thing = await insert(tx, merchant.id, 'must go');
    response.setHeader('Location', `/v1/things/${thing.id}`);
    throw thingProblem('thing_refused', 'No.', { members: { existing_id: 'thing_1' } });
  }

  @Post('unique')
  async unique(@Merchant() merchant: MerchantPrincipal, @RequestTx() tx: Tx): Promise<never> {
    const id = newUuid();
    try {
      for (const name of ['one', 'two'])
        await tx.query('INSERT INTO thing (id, merchant_id, name) VALUES ($1, $2, $3)', [id, merchant.id, name]);
    } catch {
      throw thingProblem('thing_refused', 'It is there.');
    }
    throw new Error('the second insert has to fail');
  }

  @Post('broken')
  async broken(@Merchant() merchant: MerchantPrincipal, @RequestTx() tx: Tx): Promise<never> {
    this.stage.runs += 1;
    await insert(tx, merchant.id, 'secret value');
    throw new Error('secret value');
  }

  @Post('prepared')
  @PreparedBy(LookUp)
  prepared(@Prepared() found: string): object {
    return { found };
  }

  @Post('import')
  @LargeBody()
  @HttpCode(200)
  import(@Body() body: unknown): object {
    return { keys: Object.keys(body as object).length };
  }

  @Patch(':id')
  async rename(
    @Param('id', idOf('link')) id: string,
    @Merchant() merchant: MerchantPrincipal,
    @RequestTx() tx: Tx,
    @IfMatch() version: number | null,
    @Body() input: ThingInput,
  ): Promise<object> {
    const row = await tx.one('UPDATE thing SET name = $3 WHERE id = $1 AND merchant_id = $2 RETURNING id', [
      id,
      merchant.id,
      input.name,
    ]);
    if (row === null) throw notFound();
    if (version !== null && version !== 1) throw versionConflict();
    return { name: input.name };
  }

  @Delete(':id')
  @Scopes('things:delete')
  @HttpCode(204)
  async remove(
    @Param('id', idOf('link')) id: string,
    @Merchant() merchant: MerchantPrincipal,
    @RequestTx() tx: Tx,
  ): Promise<void> {
    await tx.query('DELETE FROM thing WHERE id = $1 AND merchant_id = $2', [id, merchant.id]);
  }

  @Get()
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: PageQuery): Promise<List<object>> {
    const page = await this.transactions.asMerchant(merchant.id, (tx) =>
      things.read(tx, query, { values: [merchant.id], cursorValues: [merchant.id] }),
    );
    return toList(page, (row) => ({ id: toTypeId('link', row.id), name: row.name }));
  }

  @Get(':id')
  async read(
    @Param('id', idOf('link')) id: string,
    @Merchant() merchant: MerchantPrincipal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const row = await this.transactions.asMerchant(merchant.id, (tx) =>
      tx.one<ThingRow>('SELECT id, name FROM thing WHERE id = $1 AND merchant_id = $2', [id, merchant.id]),
    );
    if (row === null) throw notFound();
    setEtag(response, 1);
    return { name: row.name };
  }
}

@Controller('v1/operator/things')
@OperatorRoute()
class OperatorController {
  private made = 0;

  @Post()
  @CarriesSecret()
  create(): object {
    this.made += 1;
    return { secret: `whsec_${String(this.made)}` };
  }
}

@Controller('v1/signed')
@Public()
class SignedController {
  @Post()
  @HttpCode(200)
  receive(@Req() request: HttpRequest): object {
    return { length: request.rawBody?.length ?? null };
  }
}

@Module({})
class Platform {}

export interface KernelApp {
  readonly origin: string;
  readonly stage: Stage;
  /** A call with a merchant's key (`key_<uuid>`), or with whatever the headers say. */
  call(method: string, path: string, options?: CallOptions): Promise<Answered>;
  /** A new merchant's key. */
  key(scopes?: string[]): string;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly key?: string | null;
  readonly idempotencyKey?: string;
  readonly json?: unknown;
  readonly body?: RequestInit['body'];
  readonly headers?: Record<string, string>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** The kernel under a few routes of a trade of its own, on a real database and a real socket. */
export async function startKernelApp(db: TestDatabase, rateLimitPerSecond = 0): Promise<KernelApp> {
  await db.dataSource.query(
    'CREATE TABLE IF NOT EXISTS thing (id uuid PRIMARY KEY, merchant_id uuid NOT NULL, name text NOT NULL)',
  );
  await db.dataSource.query('GRANT ALL ON thing TO tranche_api, tranche_worker');
  const keys = new Map<string, MerchantPrincipal>();
  const credentials: Credentials = {
    knows: () => false,
    identify: (bearer) => Promise.resolve(callerOf(bearer, keys.get(bearer))),
    identifyKey: () => Promise.resolve({ kind: 'nobody' }),
  };
  const platform = {
    module: Platform,
    global: true,
    providers: [
      { provide: Transactions, useValue: db.transactions },
      { provide: Sealer, useValue: testSealer },
      { provide: CREDENTIALS, useValue: credentials },
      { provide: CONFIGURATION, useValue: { traces: null } },
    ],
    exports: [Transactions, Sealer, CREDENTIALS, CONFIGURATION],
  };
  @Module({
    imports: [platform, ObservabilityModule],
    controllers: [ThingsController, OperatorController, SignedController],
    providers: [Stage, LookUp],
  })
  class KernelModule {}

  const testing = await Test.createTestingModule({ imports: [KernelModule] }).compile();
  const app = testing.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
  configureHttp(app, {
    rateLimitPerSecond,
    addressRateLimitPerSecond: 0,
    guessRateLimitPerSecond: 0,
    trustedProxies: [],
    bodyMemory_bytes: 64 * 1024 * 1024,
  });
  await app.listen(0, '127.0.0.1');
  const origin = `http://127.0.0.1:${String((app.getHttpServer().address() as AddressInfo).port)}`;
  const key = (scopes?: string[]): string => {
    const id = newUuid();
    keys.set(`key_${id}`, { id, keyId: id, scopes: scopes ?? null, timezone: null });
    return `key_${id}`;
  };
  return {
    origin,
    stage: app.get(Stage),
    call: (method, path, options = {}) => send(method, new URL(path, origin), options),
    key,
    close: () => app.close(),
  };
}

function callerOf(bearer: string, merchant: MerchantPrincipal | undefined): Caller {
  if (bearer === OPERATOR_KEY) return { kind: 'operator', operator: { keyId: null, scopes: null } };
  return merchant === undefined ? { kind: 'nobody' } : { kind: 'merchant', merchant };
}

async function send(method: string, url: URL, options: CallOptions): Promise<Answered> {
  const headers = new Headers();
  if (options.json !== undefined) headers.set('Content-Type', 'application/json');
  if (options.key !== undefined && options.key !== null) headers.set('Authorization', `Bearer ${options.key}`);
  if (options.idempotencyKey !== undefined) headers.set('Idempotency-Key', options.idempotencyKey);
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body, duplex: 'half' }) });
  const text = await answer.text();
  const isJson = answer.headers.get('Content-Type')?.includes('json') === true;
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

/** Writes exactly these bytes to the server and gives all that it answers until it ends or, after `until`, says enough. */
export async function sendRaw(origin: string, bytes: string, until: RegExp): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.setEncoding('latin1');
  await once(socket, 'connect');
  socket.write(bytes, 'latin1');
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk as string;
    if (until.test(answer)) break;
  }
  socket.destroy();
  return answer;
}
