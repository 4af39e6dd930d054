import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '../support/api-client.js';
import { validItems } from '../support/items.js';
import { type MainProgram, mainProgram } from '../support/main-program.js';
import type { Bulk, Payout } from '../support/merchant-client.js';
import { temporaryDirectory } from '../support/test-server.js';
import { until } from '../support/until.js';

// Two whole programs with a database of their own, on a machine that may be busy.
interface Ready {
  readonly status: string;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string | null }[];
}

let root: string;
let programs: MainProgram[];
beforeEach(() => {
  root = temporaryDirectory('tranche-death-');
  programs = [];
});
afterEach(async () => {
  for (const program of programs) program.signal('SIGKILL');
  await Promise.all(programs.map(({ ended }) => ended));
  if (existsSync(join(cluster(), 'postmaster.pid'))) killServer();
  rmSync(root, { recursive: true, force: true });
});

function start(environment: Readonly<Record<string, string>>): MainProgram {
  const program = mainProgram({ DATA_DIR: join(root, 'data'), OPERATOR_KEY: 'operator-key', LOG_LEVEL: 'fatal', ...environment });
  programs.push(program);
  return program;
}

const cluster = (): string => join(root, 'data', 'postgres', 'cluster');

/** As the kernel does where memory ends. */
function killServer(): void {
  process.kill(Number(readFileSync(join(cluster(), 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
}

const readiness = async (url: string): Promise<Ready> => (await new ApiClient(url, null).get<Ready>('/readyz')).body;
const embedded = ({ checks }: Ready) => checks.find(({ name }) => name === 'embedded_database');

it('outlives the death of its embedded database: says so, starts it again, and pays each payout once', async () => {
  const api = start({ ROLES: 'api' });
  const url = await api.ready;
  const worker = start({ ROLES: 'worker' });
  await worker.ready;
  const merchant = new ApiClient(url, readFileSync(join(root, 'data', 'sandbox-merchant-key'), 'utf8').trim());
  const operator = new ApiClient(url, 'operator-key');
  const bulk = (await merchant.post<Bulk>('/v1/bulks', { items: validItems(200) })).body;

  killServer();
  // Without its files it can not be started, and so stays gone until it has been asked about.
  renameSync(cluster(), `${cluster()}-away`);
  await until(async () => (await readiness(url)).status === 'not_ready');
  expect(embedded(await readiness(url))).toMatchObject({ ok: false, detail: expect.stringContaining('is being started again') });
  expect((await merchant.get(`/v1/bulks/${bulk.id}`)).body.code).toBe('database_unavailable');

  renameSync(`${cluster()}-away`, cluster());
  await until(async () => (await readiness(url)).status === 'ready');
  await until(async () => (await merchant.get<Bulk>(`/v1/bulks/${bulk.id}`)).body.counts['PROCESSED'] === 200);
  const [connector] = await operator.all<{ id: string }>('/v1/operator/connectors');
  const ledger = await operator.all<{ id: string; reference: string }>(`/v1/operator/connectors/${connector!.id}/ledger`);
  const payouts = await merchant.all<Payout>(`/v1/bulks/${bulk.id}/payouts`);
  expect(ledger.map(({ reference }) => reference).toSorted()).toEqual(payouts.map(({ reference }) => reference).toSorted());

  for (const program of [worker, api]) {
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  }
});
