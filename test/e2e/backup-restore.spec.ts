import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import type { QuarantineDto } from '../../src/reconciliation/dto/quarantine.dto.js';
import { ROOT } from '../architecture/repository-files.js';
import { ApiClient } from '../support/api-client.js';
import { validItem } from '../support/items.js';
import { type MainProgram, mainProgram } from '../support/main-program.js';
import { MerchantClient } from '../support/merchant-client.js';
import { type Provider, startProvider } from '../support/provider-server.js';
import { eventually } from '../support/until.js';

/** After so long the provider's books tell the truth. */
const STALE_WINDOW_MS = 1_000;
const OPERATOR_KEY = 'operator_of_the_backup';

let folder: string;
let server: MainProgram;
let provider: Provider;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tranche-backup-'));
  // Else the database of a process of root would lie elsewhere, as the page says.
  chmodSync(folder, 0o755);
  provider = await startProvider();
});
afterAll(async () => {
  await stop();
  await provider.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The commands that the page prints, block by block, without the start of the program, which is ours to do. */
const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const chapter = page.slice(page.indexOf('## Backup and restore'), page.indexOf('\n## Brakes'));
const [BACKUP, RESTORE, LOOK] = [...chapter.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands = '']) => commands);
const START_IN_QUARANTINE = 'QUARANTINE=true npm start\n';

async function start(environment: Readonly<Record<string, string>> = {}): Promise<string> {
  server = mainProgram({ DATA_DIR: join(folder, '.data'), OPERATOR_KEY, ...environment });
  return server.ready;
}
async function stop(): Promise<void> {
  server.signal('SIGTERM');
  await server.ended;
}
const run = async (commands: string): Promise<string> =>
  (await promisify(execFile)('sh', ['-ec', commands], { cwd: folder, env: { PATH: process.env['PATH'], OPERATOR_KEY } })).stdout;

const operatorAt = (url: string): ApiClient => new ApiClient(url, OPERATOR_KEY);
const clientAt = (url: string, merchant: CreatedMerchantDto): MerchantClient =>
  new MerchantClient(url, merchant, () => Promise.resolve());
const paid = (): string[] => provider.ledger.map(({ request }) => request.reference);

async function newMerchant(operator: ApiClient): Promise<{ merchant: CreatedMerchantDto; connectorId: string }> {
  const config = { base_url: provider.url, token: provider.token, stale_window_ms: STALE_WINDOW_MS };
  const connector = await operator.post<ConnectorDto>('/v1/operator/connectors', { name: 'Provider', type: 'http', config });
  const body = { name: 'Merchant', connector_id: connector.body.id };
  const { body: merchant } = await operator.post<CreatedMerchantDto>('/v1/operator/merchants', body);
  return { merchant, connectorId: connector.body.id };
}

it('a backup that is restored as the page says pays nothing twice: what it has forgotten is adopted or told as a stray payment', async () => {
  let url = await start();
  const { merchant, connectorId } = await newMerchant(operatorAt(url));
  const before = clientAt(url, merchant);
  const bulk = await before.createBulk([validItem({ reference: 'paid-before' })]);
  await before.untilAtRest(bulk.id);
  const waiting = await before.createBulk({
    items: [validItem({ reference: 'paid-after', scheduled_date: new Date(Date.now() + 3_600_000).toISOString() })],
  });
  await before.untilValidated(waiting.id);
  await stop();
  await run(BACKUP!);

  url = await start();
  const after = clientAt(url, merchant);
  await after.patch(`/v1/payouts/${(await after.payoutOf(waiting.id)).id}`, { scheduled_date: null });
  const lost = await after.createBulk([validItem({ reference: 'ordered-after' })]);
  for (const { id } of [waiting, lost]) await after.untilAtRest(id);
  await stop();
  expect(paid().sort()).toEqual(['ordered-after', 'paid-after', 'paid-before']);

  expect(RESTORE).toContain(START_IN_QUARANTINE);
  await run(RESTORE!.replace(START_IN_QUARANTINE, ''));
  url = await start({ QUARANTINE: 'true' });
  const restored = clientAt(url, merchant);
  const quarantine = async (): Promise<QuarantineDto> =>
    JSON.parse(await run(LOOK!.replace('localhost:3000', new URL(url).host))) as QuarantineDto;
  const stray = await eventually(
    () => operatorAt(url).get<ConnectorDto>(`/v1/operator/connectors/${connectorId}`),
    ({ body }) => body.paused_by === 'engine',
  );
  expect(stray.body.pause_reason).toContain(provider.ledger.find(({ request }) => request.reference === 'ordered-after')!.id);
  expect((await operatorAt(url).post(`/v1/operator/connectors/${connectorId}/resume`)).status).toBe(200);
  await eventually(quarantine, ({ active }) => !active);
  expect((await restored.payoutOf(waiting.id)).intent).toMatchObject({ status: 'succeeded' });
  expect((await restored.get(`/v1/bulks/${lost.id}`)).status).toBe(404);
  await restored.untilAtRest((await restored.createBulk([validItem({ reference: 'ordered-again' })])).id);
  expect(paid().sort()).toEqual(['ordered-after', 'ordered-again', 'paid-after', 'paid-before']);
});
