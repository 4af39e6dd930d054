import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { newSigningSecret } from '../../src/webhooks/index.js';
import { testApp, type TestApp } from '../support/app.js';
import { tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { startReceiver, type Receiver } from '../support/receiver-server.js';
import { until } from '../support/until.js';

let app: TestApp;
let receiver: Receiver;
const closing: (() => void)[] = [];

beforeAll(async () => {
  app = await testApp();
});
// One for each test: what a command has sent before it was ended may still be on its way.
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await receiver.close();
});
afterAll(() => app.close());

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The command as `npx tranche` starts it, from its source. */
function tranche(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const program = ['--import', here('../support/register-typescript.mjs'), here('../../src/tranche.ts'), ...words];
  const child = spawn(process.execPath, program, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  closing.push(() => child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    said,
    ended,
    stop: async (): Promise<number | null> => {
      child.kill('SIGINT');
      return ended;
    },
  };
}

function listenTo(merchant: MerchantClient, words: readonly string[], url = app.url) {
  return tranche(['listen', '--forward-to', receiver.url, '--url', url, ...words], { TRANCHE_API_KEY: merchant.key ?? '' });
}

const later = (): { items: object[] } => ({ items: [validItem({ reference: 'INV-1', scheduled_date: tomorrow() })] });
const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);

/** Passes connections on to the server, until it is told to cut them. */
async function proxyTo(url: string): Promise<{ url: string; cut: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [client, upstream].forEach((each) => each.destroy()));
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  closing.push(cut, () => server.close());
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, cut };
}

describe('tranche listen', () => {
  it('forwards every event with the headers and bytes of a webhook, signed with the secret that both know', async () => {
    const merchant = await app.merchant();
    await merchant.createValidated({ ...later(), reference: 'Löhne ☃' });
    const events = await merchant.events();
    const secret = newSigningSecret();
    receiver.secrets.push(secret);
    const command = listenTo(merchant, ['--from', 'beginning', '--secret', secret]);
    await receiver.until((received) => received.length === events.length);
    expect(idsOf(receiver.received)).toEqual(idsOf(events));
    for (const [index, { id, verifiedBy, headers, body }] of receiver.received.entries()) {
      const { id: _id, ...content } = events[index]!;
      expect([id, verifiedBy, body.toString()]).toEqual([headers['webhook-id'], [secret], JSON.stringify(content)]);
      expect([headers['content-type'], headers['user-agent']]).toEqual(['application/json', 'Tranche-Webhooks/1']);
    }
    await until(() => command.said.out.includes(events.at(-1)?.id ?? ''));
    expect(await command.stop()).toBe(0);
    expect(command.said.out).toMatch(/^204 {2}payout.created {2}1 of INV-1 {2}event_/m);
    expect(command.said.out).toContain(`To go on from here: --from ${events.at(-1)?.id ?? ''}\n`);
    expect([command.said.out.includes('WRONG'), command.said.err]).toEqual([false, '']);
  });

  it('prints a secret of its own where it is given none, and what the receiver answered', async () => {
    const merchant = await app.merchant();
    await merchant.createValidated(later());
    receiver.answer = ({ event }) => (event.type === 'bulk.created' ? { instead: 'reset' } : { status: 500 });
    const command = listenTo(merchant, ['--from', 'beginning']);
    await until(() => command.said.out.split('  event_').length > 5);
    const secret = /Signed with (whsec_\S+)/.exec(command.said.out)?.[1] ?? '';
    receiver.secrets.push(secret);
    expect(command.said.out).toMatch(/^500 {2}payout.created/m);
    expect(command.said.out).toMatch(/^\w*(ECONNRESET|UND_ERR_SOCKET) {2}bulk.created/m);
    await merchant.createValidated(later());
    await until(() => receiver.received.some(({ verifiedBy }) => verifiedBy.includes(secret)));
  });

  it('goes on without a gap when its connection is cut, and when it is started again behind the last id', async () => {
    const merchant = await app.merchant();
    const proxy = await proxyTo(app.url);
    const first = listenTo(merchant, [], proxy.url);
    await until(() => first.said.out.includes('Signed'));
    // It may not have connected yet: `latest` counts from when it has.
    while (receiver.received.length === 0) await merchant.createValidated(later());
    const begun = receiver.received[0]?.id ?? '';
    for (let cuts = 0; cuts < 3; cuts += 1) {
      proxy.cut();
      await merchant.createValidated(later());
      const last = (await merchant.events()).at(-1)?.id ?? '';
      await receiver.until((received) => received.some(({ id }) => id === last));
    }
    expect(await first.stop()).toBe(0);
    await merchant.createValidated(later());
    const from = /--from (event_\w+)/.exec(first.said.out)?.[1] ?? '';
    listenTo(merchant, ['--from', from]);
    const all = idsOf(await merchant.events());
    await receiver.until((received) => received.some(({ id }) => id === all.at(-1)));
    expect(idsOf(receiver.received)).toEqual(all.slice(all.indexOf(begun)));
    expect(first.said.err).toMatch(/^Lost the stream \(.+\); connecting again\.$/m);
  });

  it('waits for a server that is not there yet', async () => {
    const merchant = await app.merchant();
    const command = listenTo(merchant, [], 'http://127.0.0.1:9');
    await until(() => command.said.err.includes('Lost the stream'));
    expect(await command.stop()).toBe(0);
  });

  it('ends with 1 where the server refuses it, and says why', async () => {
    const merchant = await app.merchant();
    const wrongKey = tranche(['listen', '--forward-to', receiver.url, '--url', app.url, '--api-key', 'wrong']);
    const wrongPlace = listenTo(merchant, ['--from', 'event_01kb4n3w2ze3rbz4jrd9qk6v1x']);
    expect([await wrongKey.ended, await wrongPlace.ended]).toEqual([1, 1]);
    expect(wrongKey.said.err).toMatch(/^The server refuses: 401 Send a valid key/);
    expect(wrongPlace.said.err).toMatch(/^The server refuses: 400 /);
  });

  it('ends with 2 where its arguments are wrong, and with 0 where it is asked for help', async () => {
    const wrong = [
      ['listen'],
      ['listen', '--forward-to', 'nowhere', '--api-key', 'k'],
      ['listen', '--forward-to', receiver.url],
      ['listen', '--forward-to', receiver.url, '--api-key', 'k', '--secret', 'abc'],
      ['listen', '--forward', receiver.url],
      ['lissen'],
      [],
    ].map((words) => tranche(words));
    expect(await Promise.all(wrong.map(({ ended }) => ended))).toEqual(wrong.map(() => 2));
    for (const { said } of wrong) expect(said.err).toContain('Usage: tranche listen');
    const help = tranche(['listen', '--help']);
    expect([await help.ended, help.said.err]).toEqual([0, '']);
  });
});
