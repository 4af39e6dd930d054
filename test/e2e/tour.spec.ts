import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { payoutLifecycle } from '../../src/bulks/index.js';
import type { BatchResultsDto } from '../../src/doors/dots/batch.dto.js';
import type { PayoutLinkDto } from '../../src/doors/dots/payout-link.dto.js';
import type { BatchDto } from '../../src/doors/paypal/batch.dto.js';
import { toMermaid } from '../../src/platform/lifecycle/index.js';
import { ROOT } from '../architecture/repository-files.js';
import { ApiClient } from '../support/api-client.js';
import { freePort } from '../support/free-port.js';
import { type MainProgram, mainProgram } from '../support/main-program.js';
import type { Payout } from '../support/merchant-client.js';
import { readPrinted, runPrinted } from '../support/printed-commands.js';
import { eventually } from '../support/until.js';

/** What differs from run to run: ids and instants. */
const timeless = (text: string): string =>
  text
    .replace(/_[0-9a-z]{26}\b/g, '_…')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .trim();

/** Webhooks of different subjects arrive in no promised order. */
const sorted = (text: string): string => text.split('\n').sort().join('\n');

let folder: string;
let server: MainProgram;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tranche-tour-'));
  server = mainProgram({ DATA_DIR: folder });
  await server.ready;
});

afterAll(async () => {
  server.signal('SIGTERM');
  await server.ended;
  await rm(folder, { recursive: true, force: true });
});

/** The printed server and folder, as they are here. */
const here = async (): Promise<Map<string, string>> =>
  new Map([
    ['http://127.0.0.1:3000', await server.ready],
    ['.data/', `${folder}/`],
  ]);

const merchant = async (): Promise<ApiClient> =>
  new ApiClient(await server.ready, (await readFile(join(folder, 'sandbox-merchant-key'), 'utf8')).trim());

describe('the start banner', () => {
  it('ends with a command that pays when it is pasted', async () => {
    const command = server.output().trim().split('\n').at(-1) ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-ec', command]);
    expect(JSON.parse(stdout)).toMatchObject({ object: 'bulk', status: 'VALIDATION_PENDING', item_count: 1 });
  });
});

describe('the tour of README.md', () => {
  it('runs as it is printed, and answers what is printed below it', async () => {
    const blocks = await readPrinted('README.md', '## A tour');
    const answers = await runPrinted(blocks, new Map([...(await here()), ['4000', String(await freePort())]]));
    const printed = blocks.map(({ answer }) => sorted(timeless(answer ?? '')));
    expect(answers.map((answer) => sorted(timeless(answer)))).toEqual(printed);
    // The client holds each to the catalogue: nobody does where they were delivered.
    expect((await (await merchant()).get('/v1/events?limit=1000')).status).toBe(200);
  });
});

describe('the commands of docs/doors.md', () => {
  const lastLine = (answer: string | undefined): unknown => JSON.parse(answer?.trim().split('\n').at(-1) ?? '');

  it('pay a batch of PayPal’s, and one receiver is known', async () => {
    const answers = await runPrinted(await readPrinted('docs/doors.md', '## PayPal Payouts'), await here());
    const shown = lastLine(answers.at(-1)) as BatchDto;
    expect(shown).toMatchObject({
      total_items: 2,
      batch_header: { sender_batch_header: { sender_batch_id: 'payroll-2026-11' } },
    });
    const client = await merchant();
    const ended = await eventually(
      () => client.all<Payout>(`/v1/bulks/bulk_${shown.batch_header.payout_batch_id}/payouts`),
      (payouts) => payouts.every(({ intent }) => intent !== null && !['created', 'pending'].includes(intent.status)),
    );
    expect(ended.map(({ amount, intent }) => [amount, intent?.status])).toEqual([
      ['120.50', 'succeeded'],
      ['75.00', 'unclaimed'],
    ]);
  });

  it('pay a batch of Dots’, and make a payout link that opens', async () => {
    const answers = await runPrinted(await readPrinted('docs/doors.md', '## Dots'), await here());
    const [batch, link] = [lastLine(answers[0]) as BatchResultsDto, lastLine(answers[1]) as PayoutLinkDto];
    const [item] = batch.items;
    const client = await merchant();
    const [paid] = await eventually(
      () => client.all<Payout>(`/v1/payouts?reference=${String(item?.idempotency_key)}`),
      (payouts) => payouts.every(({ final }) => final),
    );
    expect(paid).toMatchObject({ amount: '10.00', intent: { status: 'succeeded' } });
    expect(await (await fetch(link.link)).text()).toContain('You are being paid 120.50 USD');
  });
});

describe('the picture of README.md', () => {
  it('is the lifecycle that the code has', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    expect(readme).toContain(`\`\`\`mermaid\n${toMermaid(payoutLifecycle)}\n\`\`\``);
  });
});
