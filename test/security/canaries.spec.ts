import { beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { type MainProgram, mainProgram } from '../support/main-program.js';
import { everythingStored, withBytesAsLetters } from '../support/stored.js';
import { createDatabase, databaseNameOf, dropDatabase } from '../support/test-database.js';
import { asAdmin, TEMPLATE_DATABASE } from '../support/test-server.js';
import { type Life, liveMarkedLife } from './marked-life.js';
import { markedWord } from './marks.js';

let life: Life;
let output: string;
let stored: string;
/** What PostgreSQL wrote of every statement, its parameters among it: more than `pg_stat_statements` ever holds. */
let statements: string;
let spans = '';

beforeAll(async () => {
  const operatorKey = markedWord('operator_of_this_life_');
  const encryptionKey = randomBytes(32).toString('base64');
  const collectorKey = markedWord('collector');
  const collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (spans += chunk.toString()));
    request.on('end', () => response.writeHead(200).end());
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const url = await createDatabase(TEMPLATE_DATABASE);
  const log = await talkativeLog(url);
  const program = mainProgram({
    ...{
      DATABASE_URL: url,
      OPERATOR_KEY: operatorKey,
      ENCRYPTION_KEYS: `k1:${encryptionKey}`,
      SANDBOX: 'true',
      LOG_LEVEL: 'trace',
    },
    ...{ RATE_LIMIT_PER_SECOND: '0', ADDRESS_RATE_LIMIT_PER_SECOND: '0', GUESS_RATE_LIMIT_PER_SECOND: '0' },
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${collectorKey}`,
  });
  try {
    life = await liveMarkedLife(await program.ready, operatorKey);
    life.hidden.keep('key of the operator', operatorKey);
    life.hidden.keep('encryption key', encryptionKey);
    life.hidden.keep('key of the collector', collectorKey);
    life.hidden.keep('password of the database', new URL(url).password);
    await stop(program);
    output = program.output() + program.complaints();
    await asAdmin(url, async (admin) => (stored = await everythingStored(readerOf(admin))));
    statements = withBytesAsLetters(log());
  } finally {
    program.signal('SIGKILL');
    collector.close();
    await dropDatabase(url);
  }
});

it('has met every fault that it was to meet', () => {
  const { refusals, told } = life.traces;
  for (const code of [
    'malformed_json',
    'duplicate_key',
    'unknown_field',
    'invalid_field',
    'internal_error',
    'not_found',
    'unauthorized',
  ])
    expect(refusals.join()).toContain(code);
  for (const words of ['[removed]', 'answered 500', 'needs_review', 'unknown_method_type', '"snippet":"{', 'resolveIntent'])
    expect(told.join()).toContain(words);
});

it('writes nothing hidden and no name, at its most talkative', () => {
  expect(output).toContain('"level":"debug"');
  expect(output).toContain('"severity":"ERROR"');
  expect([life.hidden.foundIn(output), life.names.foundIn(output)]).toEqual([[], []]);
});

it('repeats nothing hidden in a refusal', () => {
  expect(life.hidden.foundIn(life.traces.refusals.join('\n'))).toEqual([]);
});

it('tells nothing hidden of a payout: not in events, webhooks, attempts, deliveries, issues and audit', () => {
  expect(life.hidden.foundIn(life.traces.told.join('\n'))).toEqual([]);
});

it('shows nothing hidden and no name in figures and traces', () => {
  for (const shown of [life.traces.metrics.join('\n'), spans]) {
    expect(shown).toContain('/v1/bulks');
    expect([life.hidden.foundIn(shown), life.names.foundIn(shown)]).toEqual([[], []]);
  }
});

it('keeps nothing hidden in clear, in any column of any table', () => {
  expect(life.names.foundIn(stored)).toContain('reference');
  expect(life.hidden.foundIn(stored)).toEqual([]);
});

it('gives PostgreSQL nothing hidden to write into its log, with the parameters of every statement', () => {
  expect(life.names.foundIn(statements)).toContain('reference');
  expect(life.hidden.foundIn(statements)).toEqual([]);
});

/** From now on PostgreSQL logs what it can of this database, and refuses rows of one kind. @returns what it has logged since. */
async function talkativeLog(url: string): Promise<() => string> {
  const name = databaseNameOf(url);
  let path = '';
  await asAdmin(url, async (admin) => {
    const { rows } = await admin.query<{ cluster: string }>(`SELECT current_setting('data_directory') AS cluster`);
    path = join(dirname(rows[0]!.cluster), 'server.log');
    for (const setting of [`log_statement = 'all'`, `log_error_verbosity = 'verbose'`, `log_min_error_statement = 'error'`])
      await admin.query(`ALTER DATABASE ${name} SET ${setting}`);
    await admin.query(`ALTER DATABASE ${name} SET log_parameter_max_length_on_error = -1`);
    // The DETAIL of its error repeats the whole row; of tables under row-level security PostgreSQL gives none by itself.
    await admin.query(`ALTER TABLE connector ADD CONSTRAINT stumble CHECK (name NOT LIKE 'STUMBLE%')`);
  });
  const from = readFileSync(path).length;
  return () => readFileSync(path).subarray(from).toString('utf8');
}

const readerOf = (admin: pg.Client) => ({
  query: async <Row extends object>(text: string): Promise<Row[]> => (await admin.query(text)).rows as Row[],
});

async function stop(program: MainProgram): Promise<void> {
  program.signal('SIGTERM');
  const code = await program.ended;
  if (code !== 0) throw new Error(`it ended with ${String(code)}: ${program.complaints()}`);
}
