import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { ROOT } from '../architecture/repository-files.js';
import { testApp, type TestApp } from '../support/app.js';
import { freePort } from '../support/free-port.js';
import { validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { eventually } from '../support/until.js';

type Books = Readonly<Record<string, { readonly sequence: number; readonly status: string }>>;

let app: TestApp;
let merchant: MerchantClient;
let folder: string;
let receiver: ChildProcess;
let url: string;
let blocks: { readonly kind: string; readonly text: string }[];

beforeAll(async () => {
  const guide = await readFile(join(ROOT, 'docs/receiving-webhooks.md'), 'utf8');
  blocks = [...guide.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, kind = '', text = '']) => ({ kind, text }));
  app = await testApp();
  merchant = await app.merchant();
  folder = await mkdtemp(join(tmpdir(), 'tranche-receiver-'));
  await writeFile(join(folder, 'receiver.ts'), blocks.find(({ kind }) => kind === 'ts')?.text ?? '');
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const port = await freePort();
  url = `http://127.0.0.1:${String(port)}/hooks`;
  receiver = spawn(
    process.execPath,
    ['--import', join(ROOT, 'test/support/register-typescript.mjs'), join(folder, 'receiver.ts')],
    {
      env: { PATH: process.env['PATH'], PORT: String(port), WEBHOOK_SECRET: merchant.webhookSecret },
      stdio: 'inherit',
    },
  );
});
afterAll(async () => {
  receiver.kill();
  await rm(folder, { recursive: true });
  await app.close();
});

const books = async (): Promise<Books> => (await fetch(url)).json() as Promise<Books>;
const shell = async (script: string): Promise<string> => {
  const env = { PATH: process.env['PATH'], TRANCHE_URL: app.url, TRANCHE_API_KEY: merchant.key ?? '' };
  return (await promisify(execFile)('sh', ['-c', script], { env })).stdout;
};

describe('The guide for receivers', () => {
  it('has a receiver whose books say of every payout what the API says', async () => {
    const bulk = await merchant.createBulk({ webhook_url: url, items: validItems(5) });
    const payouts = await merchant.untilAtRest(bulk.id);
    const last = new Map((await merchant.events()).map(({ data }) => [data.payout_id ?? data.bulk_id, data.sequence]));
    const kept = await eventually(books, (found) => [...last].every(([id, sequence]) => found[id]?.sequence === sequence));
    for (const { id, status } of payouts) expect(kept[id]?.status).toBe(status);
    const forged = await fetch(url, { method: 'POST', body: '{"type":"payout.processed","data":{}}' });
    expect(forged.status).toBe(401);
  });

  it('has a receiver that keeps each id once, and passes over what is older than what it knows', async () => {
    const post = async (event_id: string, sequence: number, told: object): Promise<unknown> => {
      const [body, now] = [
        JSON.stringify({ type: 'payout.told', data: { event_id, sequence, payout_id: 'payout_1', ...told } }),
        new Date(),
      ];
      const headers = {
        'webhook-id': event_id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(merchant.webhookSecret).sign(event_id, now, body),
      };
      expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(204);
      return (await books())['payout_1'];
    };
    const kept = { sequence: 7, status: 'PROCESSED' };
    expect(await post('event_7', 7, { status: 'PROCESSED' })).toEqual(kept);
    expect(await post('event_6', 6, { status: 'SCHEDULED' })).toEqual(kept);
    expect(await post('event_7', 8, { status: 'CANCELLED' })).toEqual(kept);
    expect(await post('event_9', 9, { status: 'CANCELLED' })).toEqual({ sequence: 9, status: 'CANCELLED' });
    await post('event_link', 12, { status: 'claimed', link_id: 'link_1' });
    expect(await books()).toMatchObject({
      payout_1: { sequence: 9, status: 'CANCELLED' },
      link_1: { sequence: 12, status: 'claimed' },
    });
  });

  it('catches up by the cursor to everything that happened, and follows it as a stream', async () => {
    const all = (await merchant.events()).map(({ id, type, data }) => `${String(data.sequence)} ${type} ${id}`);
    const [catchUp = '', stream = ''] = blocks.flatMap(({ kind, text }) => (kind === 'sh' ? [text] : []));
    expect((await shell(catchUp)).trim().split('\n')).toEqual(all);
    const streamed = [...(await shell(stream)).matchAll(/^id: (\S+)\ndata: (.*)$/gm)].map(([, id, body]) => ({
      id,
      ...(JSON.parse(body ?? '') as object),
    }));
    expect(streamed).toEqual(await merchant.events());
  });
});
