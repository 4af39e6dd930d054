import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Configuration } from '../../src/platform/config/index.js';
import { Deliver } from '../../src/webhooks/deliveries/deliver.js';
import type { ClaimedDelivery } from '../../src/webhooks/deliveries/delivery.repository.js';
import { Egress } from '../../src/webhooks/egress/egress.js';
import { certificateFor } from '../support/certificates.js';
import { startReceiver } from '../support/receiver-server.js';
import { testSealer } from '../support/test-merchant.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Proxy {
  readonly url: string;
  readonly asked: { readonly target: string | undefined; readonly authorization: string | undefined }[];
  /** Instead of a tunnel. */
  status: number | 'silence' | 'babble' | null;
}

async function startProxy(): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  server.on('connect', (request, client: Socket) => {
    proxy.asked.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
    if (proxy.status === 'silence') return;
    if (proxy.status === 'babble') client.end('SSH-2.0-OpenSSH_9.2\r\n');
    else if (proxy.status !== null) client.end(`HTTP/1.1 ${String(proxy.status)} No\r\ncontent-length: 0\r\n\r\n`);
    else {
      const { hostname, port } = new URL(`http://${request.url ?? ''}`);
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(upstream).pipe(client);
      });
      sockets.add(upstream.on('error', () => client.destroy()));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const proxy: Proxy = {
    url: `http://user:p%40ss@127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked: [],
    status: null,
  };
  return proxy;
}

function egressThrough(proxyUrl: string): Egress {
  const resolve = (host: string) => Promise.resolve(host === 'merchant.example' ? ['127.0.0.1'] : ['10.0.0.1']);
  const egress = new Egress({ allowCidrs: ['127.0.0.0/8'], proxyUrl, resolve });
  closing.push(() => egress.close());
  return egress;
}

const post = (egress: Egress, url: string, timeout_ms = 5_000) =>
  egress.post({
    url,
    headers: {},
    secrets: [],
    body: Buffer.from('{"type":"x","data":{"event_id":"x","sequence":1,"subject":"x"}}'),
    timeout_ms,
  });

describe('the way out through a proxy', () => {
  it('is a tunnel to the vetted address, whatever the name stands for at the proxy', async () => {
    const [proxy, receiver] = [await startProxy(), await startReceiver()];
    closing.push(() => receiver.close());
    const { port } = new URL(receiver.url);
    const egress = egressThrough(proxy.url);
    expect(await post(egress, `http://merchant.example:${port}/hooks`)).toMatchObject({ status: 204, address: '127.0.0.1' });
    expect(receiver.received[0]).toMatchObject({ path: '/hooks', headers: { host: `merchant.example:${port}` } });
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.asked).toEqual([{ target: `127.0.0.1:${port}`, authorization }]);
    expect(await post(egress, `http://inside.example:${port}/`)).toMatchObject({ fault: 'not_reachable' });
    expect(proxy.asked).toHaveLength(1);
  });

  it('carries TLS to the receiver itself, whose certificate is verified', async () => {
    const [proxy, receiver] = [await startProxy(), await startReceiver({ tls: await certificateFor('merchant.example') })];
    closing.push(() => receiver.close());
    const answer = await post(egressThrough(proxy.url), `https://merchant.example:${new URL(receiver.url).port}/`);
    expect([answer, receiver.received]).toEqual([expect.objectContaining({ fault: 'tls_failed' }), []]);
  });

  it('says what the proxy says of the receiver, and what is its own fault', async () => {
    const proxy = await startProxy();
    const egress = egressThrough(proxy.url);
    const faultWhen = async (status: Proxy['status']): Promise<unknown> => {
      proxy.status = status;
      return post(egress, 'http://merchant.example:4000/');
    };
    for (const status of [500, 502, 503]) expect(await faultWhen(status)).toMatchObject({ fault: 'connection_refused' });
    expect(await faultWhen(504)).toMatchObject({ fault: 'connection_timeout' });
    expect(await faultWhen(403)).toMatchObject({ fault: 'not_reachable' });
    for (const status of [400, 407, 302, 'babble'] as const)
      expect(await faultWhen(status)).toMatchObject({ fault: 'proxy_failed' });
    proxy.status = 'silence';
    expect(await post(egress, 'http://merchant.example:4000/', 300)).toMatchObject({ fault: 'timeout' });
    expect(await post(egressThrough('http://127.0.0.1:9'), 'http://merchant.example:4000/')).toMatchObject({
      fault: 'proxy_failed',
    });
  });

  it('charges nothing of the proxy to the endpoint: the delivery is left to the end of its lease', async () => {
    const configuration = { webhookTimeout_s: 5, webhookRetrySchedule_s: [1] } as unknown as Configuration;
    const deliver = new Deliver(egressThrough('http://127.0.0.1:9'), testSealer, configuration);
    const delivery = {
      ...{ id: 'x', event_id: '01890a5d-ac96-774b-bcce-b302099a8057', endpoint_id: 'x', merchant_id: 'x' },
      ...{ url: 'http://merchant.example:4000/', body: Buffer.from('{}'), claimed_at: new Date() },
      ...{ from_bulk: false, secrets: null, headers: null, attempts: 0, attempts_before: 0 },
    } as unknown as ClaimedDelivery;
    await expect(deliver.execute(delivery, performance.now())).rejects.toThrow('the proxy of WEBHOOK_PROXY_URL failed');
  });
});
