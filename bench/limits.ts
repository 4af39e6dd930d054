import { HttpConnector } from '../src/connectors/http/http.connector.js';
import type { IntentRequest } from '../src/connectors/index.js';
import type { BenchProvider } from './provider.js';
import type { BenchServers } from './server.js';

/** What a creation writes, one table after the other. */
const WRITTEN: readonly (readonly [table: string, ofBulk: string])[] = [
  ['payout', 'bulk_id = $1'],
  ['payout_revision', 'payout_id IN (SELECT id FROM payout WHERE bulk_id = $1)'],
  ['event', `bulk_id = $1 AND type IN ('payout.created', 'bulk.created')`],
];
const COPIES = 5;

/** COPY of the very rows that one creation wrote into tables with the same indexes, as one transaction. @returns milliseconds. */
export async function copyOfOneBulk_ms({ sql }: BenchServers, bulkId: string): Promise<number> {
  const { rows } = await sql.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
  const fileOf = (table: string): string => `'${rows[0]?.folder ?? ''}/bench_${table}.copy'`;
  for (const [table, ofBulk] of WRITTEN) {
    await sql.query(`CREATE TABLE bench_${table} (LIKE ${table} INCLUDING ALL)`);
    await sql.query(`COPY (SELECT * FROM ${table} WHERE ${ofBulk.replace('$1', `'${bulkId}'`)}) TO ${fileOf(table)}`);
  }
  const spans: number[] = [];
  for (let times = 0; times < COPIES; times += 1) {
    await sql.query(`TRUNCATE ${WRITTEN.map(([table]) => `bench_${table}`).join(', ')}`);
    const start = performance.now();
    await sql.query('BEGIN');
    for (const [table] of WRITTEN) await sql.query(`COPY bench_${table} FROM ${fileOf(table)}`);
    await sql.query('COMMIT');
    spans.push(performance.now() - start);
  }
  return Math.min(...spans);
}

/** The same calls by the same connector without a database. @returns calls per second. */
export async function callsWithoutDatabase(provider: BenchProvider, calls: number, concurrency: number): Promise<number> {
  const config = {
    base_url: provider.url,
    token: provider.token,
    timeout_ms: 10_000,
    key_retention_hours: 24,
    stale_window_ms: 1_000,
  };
  const connector = new HttpConnector({ ...config, notification_secret: null }, concurrency);
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < calls) await connector.submit(requestOf((next += 1)));
    }),
  );
  const span_s = (performance.now() - start) / 1000;
  await connector.close();
  await provider.taken();
  return calls / span_s;
}

const requestOf = (number: number): IntentRequest => ({
  intentId: `intent_${number}`,
  idempotencyKey: `limit-${number}`,
  reference: `limit-${number}`,
  bulkReference: null,
  amount: '120.50',
  currency: 'EUR',
  payoutMethod: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
  billingData: { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' },
  metadata: {},
});
