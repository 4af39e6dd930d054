import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { AppModule } from './app.module.js';
import {
  type Configuration,
  ConfigurationError,
  keptEncryptionKeys,
  keptOperatorKey,
  readConfiguration,
  START_BANNER,
  type StartBanner,
  type WrittenConfiguration,
} from './platform/config/index.js';
import { DatabaseUnusableError, type EmbeddedPostgres, startEmbeddedPostgres } from './platform/database/index.js';
import { configureHttp, HttpServer } from './platform/http/index.js';
import { JsonLogger, Readiness } from './platform/observability/index.js';
import { EventStreams } from './webhooks/index.js';

/** npm passes on the Ctrl-C that the terminal has sent to us already: that is one wish. A later signal means "now". */
const SECOND_SIGNAL_AFTER_MS = 1_000;
/** The part of the drain time that HTTP may use: a client that never finishes must not cost the workers theirs. */
const HTTP_SHARE = 0.5;
/** Connections that fall idle while the rest is answered are closed at this pace. */
const CLOSE_IDLE_MS = 50;

/**
 * How much of garbage may lie beside what lives before V8 collects the old of it, in percent. A payout at work outlives the
 * collections of the young, and left alone V8 waits until four times of what lives is there: the most memory of a worker was
 * 420 MiB then and is 280 MiB so, at the same processor time (`npm run bench -- memory`).
 */
const GARBAGE_PERCENT = 100;

interface Running {
  readonly app: NestExpressApplication;
  readonly configuration: Configuration;
  readonly database: EmbeddedPostgres;
}

async function start(): Promise<Running> {
  setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`);
  const written = readConfiguration(process.env);
  const database = await openDatabase(written);
  let app: NestExpressApplication | null = null;
  try {
    const configuration = complete(written, database);
    app = await NestFactory.create<NestExpressApplication>(AppModule.for(configuration), new HttpServer(configuration), {
      bodyParser: false,
      abortOnError: false,
      logger: new JsonLogger(configuration.logLevel),
    });
    configureHttp(app, configuration);
    if (written.databaseUrl === null)
      app.get(Readiness, { strict: false }).add({ name: 'embedded_database', check: () => Promise.resolve(database.trouble()) });
    const banner = app.get<StartBanner>(START_BANNER);
    banner.add((url) => firstLines({ url, configuration, notes: database.notes, keyWasMade: written.operatorKey === null }));
    await app.listen(configuration.port, configuration.host);
    process.stdout.write(`\n${banner.lines(urlOf(app, configuration)).join('\n')}\n\n`);
    return { app, configuration, database };
  } catch (error) {
    // Its workers begin before its port is bound: what they have taken by then comes to its end.
    await Promise.race([app?.close().catch(() => undefined), wait(written.drainTimeout_s * 1000, null, { ref: false })]);
    await database.stop();
    throw error;
  }
}

/** Somebody else's database needs nothing of us, neither to start nor to stop. */
async function openDatabase({ databaseUrl, databaseApiUrl, dataDir }: WrittenConfiguration): Promise<EmbeddedPostgres> {
  if (databaseUrl === null) return startEmbeddedPostgres({ dataDirectory: dataDir });
  return { url: databaseUrl, apiUrl: databaseApiUrl, notes: [], trouble: () => null, stop: () => Promise.resolve() };
}

/** What is not written comes only with the embedded database (readConfiguration refuses it otherwise) and is kept beside it. */
const complete = (written: WrittenConfiguration, { url, apiUrl }: EmbeddedPostgres): Configuration => ({
  ...written,
  databaseUrl: url,
  databaseApiUrl: apiUrl,
  operatorKey: written.operatorKey ?? keptOperatorKey(written.dataDir),
  encryptionKeys: written.encryptionKeys ?? keptEncryptionKeys(written.dataDir),
});

interface FirstLines {
  readonly url: string;
  readonly configuration: Configuration;
  readonly notes: readonly string[];
  readonly keyWasMade: boolean;
}

function firstLines({ url, configuration, notes, keyWasMade }: FirstLines): string[] {
  const { roles, operatorKey, dataDir, sandbox } = configuration;
  const kind = sandbox ? ', sandbox mode' : '';
  return [
    `Tranche is ready at ${url} (${[...roles].join(' and ')}${kind})`,
    ...(roles.has('api') ? [`  API          ${url}/docs`] : []),
    ...(keyWasMade ? [`  Operator key ${operatorKey} (kept in ${dataDir})`] : []),
    ...notes.map((note) => `  Note         ${note}`),
  ];
}

function urlOf(app: NestExpressApplication, { host, port }: Configuration): string {
  const address = app.getHttpServer().address();
  const bound = address !== null && typeof address === 'object' ? address.port : port;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${bound}`;
}

/** @returns whether everything in flight came to its end in time. */
async function stop({ app, configuration, database }: Running): Promise<boolean> {
  const patience_ms = configuration.drainTimeout_s * 1000;
  const drained = drain(app, patience_ms * HTTP_SHARE).then(() => true);
  try {
    return await Promise.race([drained, wait(patience_ms, false, { ref: false })]);
  } finally {
    await database.stop();
  }
}

/** First the streams, which would never end by themselves, and the door, then the workers (their shutdown hooks settle what is in flight), then the pool. */
async function drain(app: NestExpressApplication, http_ms: number): Promise<void> {
  const server = app.getHttpServer();
  app.get(EventStreams, { strict: false }).endAll();
  const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  const closeAll = setTimeout(() => server.closeAllConnections(), http_ms);
  await new Promise((resolve) => server.close(resolve));
  clearInterval(closeIdle);
  clearTimeout(closeAll);
  await app.close();
}

/** What a person can mend is told in a line; anything else is ours and keeps its stack. */
function explain(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof DatabaseUnusableError)
    return `Tranche does not start: ${error.message}`;
  const { code, port, syscall, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `Tranche does not start: port ${port ?? ''} is taken; set PORT to a free one`;
  // A folder that can not be written, an address that is not ours: the system's own words name it.
  if (syscall !== undefined) return `Tranche does not start: ${message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const started = start();
let firstSignalAt: number | null = null;

function onSignal(): void {
  if (firstSignalAt !== null) {
    if (Date.now() - firstSignalAt > SECOND_SIGNAL_AFTER_MS) process.exit(1);
    return;
  }
  firstSignalAt = Date.now();
  // Also while it starts: then it stops as soon as it can be stopped. A failed start is told below.
  started
    .then(stop)
    .then((inTime) => process.exit(inTime ? 0 : 1))
    .catch(fail);
}

function fail(error: unknown): never {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);
started.catch(fail);
