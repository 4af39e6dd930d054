import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP, isIPv6, type AddressInfo, type Server } from 'node:net';
import { EgressResolver } from '../../src/webhooks/egress/egress-resolver.js';
import { Egress } from '../../src/webhooks/egress/egress.js';
import { FORBIDDEN, PUBLIC, TRICKS } from '../support/hostile-addresses.js';
import { startNameServer, type NameServer } from '../support/name-server.js';

const A_PUBLIC = '93.184.216.34';
/** The only unusual port that https may have anywhere: so the service inside has to listen there, at an address of its own. */
const PORT = 8443;
const INSIDE = `127.${[1, 2, 3].map(() => String(randomInt(1, 255))).join('.')}`;

let names: NameServer;
let inside: Server;
let connections = 0;

beforeAll(async () => {
  names = await startNameServer(() => ({}));
  inside = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  inside.listen(PORT, INSIDE);
  await once(inside, 'listening');
});
beforeEach(() => {
  connections = 0;
});
afterAll(() => {
  names.close();
  inside.close();
});

/** A process of its own: it remembers no name that another has asked for. */
const egress = (allowCidrs: readonly string[] = []): Egress =>
  new Egress({ allowCidrs, resolve: new EgressResolver([names.address]).resolve });

const post = (by: Egress, url: string) =>
  by.post({ url, headers: {}, secrets: [], body: Buffer.from('{}'), timeout_ms: 5_000 }).finally(() => by.close());

/** Without what a URL parser would read in another way. */
const ADDRESSES = FORBIDDEN.filter((address) => isIP(address) !== 0);

const REFUSED = { kind: 'failed', fault: 'not_reachable', address: null };

describe('a name server that lies', () => {
  it.each([
    ['https', [] as string[], `https://rebinding.example:${String(PORT)}/`],
    // http is only for networks that the operator allows; the service inside is in none of them.
    ['http', ['127.0.0.1/32'], `http://rebinding.example:${String(PORT)}/`],
  ])(
    'that gives a good address when the URL is taken and one inside afterwards reaches nobody, over %s',
    async (protocol, allowed, url) => {
      names.zone = () => ({ addresses: [protocol === 'https' ? A_PUBLIC : '127.0.0.1'] });
      expect(await egress(allowed).vet(url)).toBeNull();
      names.zone = () => ({ addresses: [INSIDE] });
      expect(await post(egress(allowed), url)).toEqual(REFUSED);
      expect(connections).toBe(0);
    },
  );

  it('is asked once for each send, so no second answer can come between the look and the connection', async () => {
    names.asked.length = 0;
    names.zone = () => ({ addresses: names.asked.length <= 2 ? ['127.0.0.1'] : [INSIDE] });
    const answer = await post(egress(['127.0.0.1/32']), `http://twice.example:${String(PORT)}/`);
    expect(answer).toMatchObject({ fault: 'connection_refused', address: '127.0.0.1' });
    expect(names.asked.sort()).toEqual(['A twice.example', 'AAAA twice.example']);
    expect(connections).toBe(0);
  });

  it.each([
    ['a good address and one inside', [A_PUBLIC, INSIDE]],
    ['one inside and a good address', [INSIDE, A_PUBLIC]],
    ['a good IPv4 address and an IPv6 address inside', [A_PUBLIC, '::1']],
    ['a good IPv6 address and an IPv4 address inside', ['2606:4700:4700::1111', INSIDE]],
  ])('that gives %s is refused at creation and at every send', async (_, addresses) => {
    names.zone = () => ({ addresses });
    const url = `https://mixed.example:${String(PORT)}/`;
    expect(await egress().vet(url)).toMatchObject({ code: 'forbidden_url' });
    expect(await post(egress(), url)).toEqual(REFUSED);
    expect(connections).toBe(0);
  });

  it('that stands for the metadata service by another name is refused at creation and at every send', async () => {
    names.zone = (name) => (name === 'metadata.internal' ? { addresses: ['169.254.169.254'] } : { alias: 'metadata.internal' });
    const url = 'https://harmless.example/latest/meta-data/';
    expect(await egress().vet(url)).toMatchObject({ code: 'forbidden_url' });
    expect(await post(egress(), url)).toEqual(REFUSED);
    expect(names.asked).toContain('A harmless.example');
  });

  it('that is not there costs no connection', async () => {
    const silent = await startNameServer(() => {
      throw new Error('never asked');
    });
    silent.close();
    const by = new Egress({ allowCidrs: [], resolve: new EgressResolver([silent.address]).resolve });
    expect(await post(by, 'https://unanswered.example/')).toEqual(REFUSED);
  });

  it('that is silent holds up its own names alone, each up to its deadline', async () => {
    const silent = createSocket('udp4');
    let asked = 0;
    silent.on('message', () => (asked += 1));
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    names.zone = () => ({ addresses: ['127.0.0.1'] });
    const slow = new EgressResolver([`127.0.0.1:${String(silent.address().port)}`]);
    const quick = new EgressResolver([names.address]);
    const resolve = (host: string) => (host.startsWith('slow') ? slow : quick).resolve(host);
    const by = new Egress({ allowCidrs: ['127.0.0.1/32'], resolve });
    const call = (host: string, timeout_ms: number) =>
      by.post({ url: `http://${host}.example:${String(PORT)}/`, headers: {}, secrets: [], body: Buffer.from('{}'), timeout_ms });
    const order: string[] = [];
    const said = await Promise.all([
      by.vet('https://slow-to-be-taken.example/').finally(() => order.push('taken')),
      ...Array.from({ length: 20 }, (_, n) => call(`slow-${String(n)}`, 2_000).finally(() => order.push('cut'))),
      call('slow-for-long', 60_000).finally(() => order.push('given up')),
      call('quick', 60_000).finally(() => order.push('quick')),
    ]);
    silent.close();
    await by.close();
    const cut = { kind: 'failed', fault: 'timeout', address: null };
    expect(said.slice(0, -1)).toEqual([null, ...Array.from({ length: 20 }, () => cut), REFUSED]);
    expect(said.at(-1)).toMatchObject({ fault: 'connection_refused' });
    expect(order).toEqual(['quick', 'taken', ...Array.from({ length: 20 }, () => 'cut'), 'given up']);
    expect(asked).toBeGreaterThanOrEqual(22 * 2);
  });
});

describe('addresses and URLs that lead inside', () => {
  it('are enough to speak of', () => {
    expect(ADDRESSES.length).toBeGreaterThanOrEqual(58);
    expect(TRICKS.length).toBeGreaterThanOrEqual(12);
    expect(PUBLIC.length).toBeGreaterThanOrEqual(10);
  });

  it('are refused at creation and at every send, as an address in the URL', async () => {
    const urls = [
      ...ADDRESSES.map((address) => `https://${isIPv6(address) ? `[${address}]` : address}:${String(PORT)}/`),
      ...TRICKS,
    ];
    for (const url of urls) {
      expect([url, await egress().vet(url)]).toEqual([
        url,
        expect.objectContaining({ code: expect.stringMatching(/^(invalid|forbidden)_url$/) }),
      ]);
      expect([url, await post(egress(), url)]).toEqual([url, REFUSED]);
    }
    expect(connections).toBe(0);
  });

  it('are refused at creation and at every send, as what a name stands for', async () => {
    for (const address of ADDRESSES) {
      const by = new Egress({ allowCidrs: [], resolve: () => Promise.resolve([address]) });
      expect([address, await by.vet('https://inside.example/')]).toEqual([
        address,
        expect.objectContaining({ code: 'forbidden_url' }),
      ]);
      expect([address, await post(by, 'https://inside.example/')]).toEqual([address, REFUSED]);
    }
  });

  it('are refused by the kernel’s word on the connection too, whatever was asked for: not a byte is sent', async () => {
    let bytes = 0;
    const local = createServer((socket) => socket.on('data', (chunk) => (bytes += chunk.length)).on('error', () => undefined));
    local.listen(0, '127.0.0.1');
    await once(local, 'listening');
    // On Linux a connection to 0.0.0.0 arrives at this machine.
    const answer = await post(egress(['0.0.0.0/32']), `http://0.0.0.0:${String((local.address() as AddressInfo).port)}/`);
    await new Promise((resolve) => local.close(resolve));
    expect([answer, bytes]).toEqual([{ ...REFUSED, address: '0.0.0.0' }, 0]);
  });

  it('leave public ones alone', async () => {
    for (const address of PUBLIC) {
      expect(await egress().vet(`https://${isIPv6(address) ? `[${address}]` : address}/hooks`)).toBeNull();
      names.zone = () => ({ addresses: [address] });
      expect([address, await egress().vet('https://public.example/hooks')]).toEqual([address, null]);
    }
  });
});
