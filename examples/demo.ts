import { ApiClient } from './demo/api-client.js';
import { checkAll, type Evidence } from './demo/checks.js';
import type { Bulk, Cancellation, Connector, Event, LedgerEntry, NewMerchant, Payout, Payroll } from './demo/contract.js';
import { expectedOutcome } from './demo/endings.js';
import { findings, mend } from './demo/mend.js';
import { movePayday, readPayroll } from './demo/payroll.js';
import { Receiver } from './demo/receiver.js';
import { lateness, showChecks, showTables } from './demo/report.js';
import { bold, dim, Screen } from './demo/screen.js';
import { type Server, startServer } from './demo/server.js';
import { Watch } from './demo/watch.js';

/**
 * A payroll of 1000 payouts, from one request to the last webhook, against a real server: `npm run demo`. It uses nothing
 * but HTTP, and believes nothing but what it has seen: the API, the books of the provider, and what its receiver was told.
 */

/** Ten times what each takes on a small machine. */
const VALIDATION_PATIENCE_MS = 30_000;
const PAYMENT_PATIENCE_MS = 90_000;
const WEBHOOK_PATIENCE_MS = 60_000;

const screen = new Screen();
const receiver = new Receiver();

interface Merchant {
  readonly api: ApiClient;
  readonly webhookUrl: string;
}

/** The operator makes a merchant; the receiver learns its secret. */
async function makeMerchant(server: Server, operator: ApiClient): Promise<Merchant> {
  const merchant = await operator.post<NewMerchant>('/v1/operator/merchants', { name: 'Lovelace Analytical' });
  receiver.trust(merchant.webhook_signing_secret);
  screen.step('merchant', `${merchant.id}, with an API key and a signing secret of its own`);
  return { api: new ApiClient(server.url, merchant.api_key), webhookUrl: await receiver.listen() };
}

/** One request; and once more, as a client does whose connection broke before it saw the answer. */
async function send({ api, webhookUrl }: Merchant, payroll: Payroll): Promise<Bulk> {
  const body = { ...movePayday(payroll), webhook_url: webhookUrl };
  const headers = { 'idempotency-key': 'november payroll, first try' };
  const started = performance.now();
  const bulk = await api.post<Bulk>('/v1/bulks', body, headers);
  const took_ms = Math.round(performance.now() - started);
  screen.step('sent', `${bulk.item_count} payouts in ${bulk.totals.length} currencies: ${bulk.id}, durable after ${took_ms} ms`);
  const again = await api.post<Bulk>('/v1/bulks', body, headers);
  if (again.id !== bulk.id) throw new Error('the same idempotency key made a second bulk');
  screen.step('sent again', 'with the same Idempotency-Key: the same bulk, nothing was made twice');
  return bulk;
}

const isJudged = ({ counts }: Bulk): boolean =>
  counts['VALIDATION_PENDING'] === undefined && counts['VALIDATION_IN_PROGRESS'] === undefined;

/** Puts right what a program can, by the code and the pointer of each finding. @returns what is left for a person. */
async function correct(api: ApiClient, payroll: Payroll, bulkId: string): Promise<string[]> {
  const invalid = await api.all<Payout>(`/v1/bulks/${bulkId}/payouts`).then((all) => all.filter(isInvalid));
  const found = findings(invalid).map(([finding, count]) => `${String(count).padStart(3)} × ${finding}`);
  screen.step('validated', `${invalid.length} payouts are invalid, and say how to mend them:`, ...found);
  const items = new Map(payroll.items.map((item) => [item.reference, item]));
  const edits = invalid.flatMap(({ reference, issues }) => {
    const item = items.get(reference);
    return (item === undefined ? null : mend(item, issues)) ?? [];
  });
  if (edits.length > 0) await api.patch(`/v1/bulks/${bulkId}`, { items: edits });
  screen.step('edited', `${edits.length} of them in one request; each is judged again`);
  const mended = new Set(edits.map(({ reference }) => reference));
  return invalid.map(({ reference }) => reference).filter((reference) => !mended.has(reference));
}

const isInvalid = ({ status }: Payout): boolean => status === 'VALIDATION_FAILED';

/** Those whose contract has ended, and those that nobody could put right. */
async function cancelSome(api: ApiClient, payouts: readonly Payout[], bulkId: string): Promise<Cancellation['results']> {
  const ended = payouts.filter(({ metadata }) => metadata?.['contract'] === 'ended');
  const hopeless = payouts.filter(isInvalid);
  const references = [...ended, ...hopeless].map(({ reference }) => reference);
  if (references.length === 0) return [];
  const { results } = await api.post<Cancellation>(`/v1/bulks/${bulkId}/cancel`, { references });
  const cancelled = results.filter(({ outcome }) => outcome === 'cancelled').length;
  const late = results.length - cancelled;
  screen.step(
    'cancelled',
    `${cancelled}: ${ended.length} whose contract has ended, ${hopeless.length} that need a person to look` +
      (late === 0 ? '' : `; ${late} were claimed already and go on`),
  );
  return results;
}

async function gather(operator: ApiClient, api: ApiClient, bulkId: string): Promise<Omit<Evidence, 'cancellations'>> {
  const sandbox = (await operator.all<Connector>('/v1/operator/connectors')).find(({ type }) => type === 'sandbox');
  if (sandbox === undefined) throw new Error('the server has no sandbox');
  return {
    bulk: await api.get<Bulk>(`/v1/bulks/${bulkId}`),
    payouts: await api.all<Payout>(`/v1/bulks/${bulkId}/payouts`),
    ledger: await operator.all<LedgerEntry>(`/v1/operator/connectors/${sandbox.id}/ledger`),
    feed: await eventsOf(api, bulkId),
    received: receiver.events,
    refusedSignatures: receiver.refused,
  };
}

const eventsOf = (api: ApiClient, bulkId: string): Promise<(Event & { id: string })[]> =>
  api.all<Event & { id: string }>(`/v1/bulks/${bulkId}/events`, 'after');

/** @returns whether every promise was kept. */
async function run(server: Server, payrollFile: string): Promise<boolean> {
  const started = performance.now();
  const payroll = await readPayroll(payrollFile);
  const operator = new ApiClient(server.url, server.operatorKey);
  const merchant = await makeMerchant(server, operator);
  const { api } = merchant;
  const watch = new Watch(api, receiver, screen);

  const { id } = await send(merchant, payroll);
  await watch.until(id, VALIDATION_PATIENCE_MS, isJudged);
  await correct(api, payroll, id);
  await watch.until(id, VALIDATION_PATIENCE_MS, isJudged);
  const cancellations = await cancelSome(api, await api.all<Payout>(`/v1/bulks/${id}/payouts`), id);

  const expected = JSON.stringify(expectedOutcome(await api.all<Payout>(`/v1/bulks/${id}/payouts`)));
  await watch.until(id, PAYMENT_PATIENCE_MS, ({ outcome }) => JSON.stringify(outcome) === expected);
  const happened = (await eventsOf(api, id)).length;
  await watch.until(id, WEBHOOK_PATIENCE_MS, () => receiver.events.length >= happened);
  screen.clear();

  const evidence: Evidence = { ...(await gather(operator, api, id)), cancellations };
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  screen.step('at rest', `after ${seconds} s, ${receiver.events.length} webhooks later`, lateness(evidence.payouts));
  showTables(screen, evidence);
  return showChecks(screen, checkAll(evidence));
}

async function main(): Promise<void> {
  const payrollFile = process.argv[2] ?? 'examples/payroll.json';
  screen.say('', `${bold('Tranche')}: a bulk of payouts, from one request to the last webhook`, '');
  const server = await startServer();
  const stop = async (): Promise<void> => {
    receiver.close();
    await server.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().finally(() => process.exit(1)));
  screen.step('server', `${server.url}, with an embedded PostgreSQL in a fresh folder`);
  try {
    process.exitCode = (await run(server, payrollFile)) ? 0 : 1;
  } finally {
    await stop();
  }
  screen.say('', dim('`npm start` leaves a server running for you; README.md has a tour of five minutes.'), '');
}

main().catch((error: unknown) => {
  screen.clear();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
