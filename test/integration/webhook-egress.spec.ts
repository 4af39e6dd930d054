import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { CALLS_PER_HOST_MAX, Egress, type EgressAnswer } from '../../src/webhooks/egress/egress.js';
import { certificateFor } from '../support/certificates.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../support/receiver-server.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function egressTo(allowCidrs: readonly string[] = LOOPBACK, resolve?: (host: string) => Promise<readonly string[]>): Egress {
  const egress = new Egress({ allowCidrs, resolve });
  closing.push(() => egress.close());
  return egress;
}

async function receiverThat(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await startReceiver(options);
  closing.push(() => receiver.close());
  return receiver;
}

const SECRET = 'opens_a_gateway';

const post = (egress: Egress, url: string, timeout_ms = 5_000): Promise<EgressAnswer> =>
  egress.post({
    url,
    headers: { 'webhook-id': 'event_1', authorization: `Bearer ${SECRET}` },
    secrets: [SECRET],
    body: Buffer.from('{"type":"x","data":{"event_id":"x","sequence":1,"subject":"x"}}'),
    timeout_ms,
  });

describe('the way out to receivers', () => {
  it('posts the bytes and gives status and snippet of what is no success', async () => {
    const receiver = await receiverThat({
      answer: () => ({ status: 500, body: 'no\u0000 \u001b[31mroom', headers: { 'retry-after': '7' } }),
    });
    expect(await post(egressTo(), receiver.url)).toEqual({
      kind: 'answered',
      status: 500,
      retryAfter: '7',
      snippet: 'no   [31mroom',
      address: '127.0.0.1',
    });
    expect(receiver.received[0]).toMatchObject({ path: '/hooks', event: { type: 'x' }, headers: { 'webhook-id': 'event_1' } });
  });

  it('refuses loopback where nothing is allowed, and connects to nobody', async () => {
    const receiver = await receiverThat();
    expect(await post(egressTo([]), receiver.url)).toEqual({ kind: 'failed', fault: 'not_reachable', address: null });
    expect(receiver.received).toHaveLength(0);
  });

  it('refuses a name of which any address is forbidden, and says the same as for one that does not resolve', async () => {
    const receiver = await receiverThat();
    const { port } = new URL(receiver.url);
    const names: Record<string, string[]> = {
      'mixed.example': ['127.0.0.1', '10.0.0.1'],
      'inside.example': ['127.0.0.1'],
      'nowhere.example': [],
    };
    const egress = egressTo(LOOPBACK, async (host) => names[host] ?? []);
    const refused = { kind: 'failed', fault: 'not_reachable', address: null };
    expect(await post(egress, `http://mixed.example:${port}/`)).toEqual(refused);
    expect(await post(egress, `http://nowhere.example:${port}/`)).toEqual(refused);
    expect(receiver.received).toHaveLength(0);
    expect(await post(egress, `http://inside.example:${port}/`)).toMatchObject({ status: 204 });
    expect(receiver.received[0]?.headers['host']).toBe(`inside.example:${port}`);
  });

  it('looks at the address again at every send: a name that has moved inside is not followed', async () => {
    const receiver = await receiverThat();
    const { port } = new URL(receiver.url);
    let address = '127.0.0.1';
    const egress = egressTo(LOOPBACK, async () => [address]);
    expect(await post(egress, `http://moving.example:${port}/`)).toMatchObject({ status: 204 });
    address = '169.254.169.254';
    expect(await post(egress, `http://moving.example:${port}/`)).toMatchObject({ fault: 'not_reachable' });
  });

  it('tries the next address of a name where the first refuses the connection', async () => {
    const receiver = await receiverThat();
    const egress = egressTo(LOOPBACK, async () => ['127.0.0.2', '127.0.0.1']);
    const answer = await post(egress, `http://two.example:${new URL(receiver.url).port}/`);
    expect(answer).toMatchObject({ status: 204, address: '127.0.0.1' });
  });

  it('never follows a redirect', async () => {
    const target = await receiverThat();
    const receiver = await receiverThat({ answer: () => ({ status: 307, headers: { location: target.url } }) });
    expect(await post(egressTo(), receiver.url)).toMatchObject({ kind: 'answered', status: 307 });
    expect(target.received).toHaveLength(0);
  });

  it('cuts a dripping answer at the deadline, whatever its status has said', async () => {
    const receiver = await receiverThat({ answer: () => ({ status: 500, drip_ms: 20 }) });
    expect(await post(egressTo(), receiver.url, 300)).toMatchObject({ kind: 'answered', status: 500 });
  });

  it('cuts a silent receiver at the deadline', async () => {
    const receiver = await receiverThat({ answer: () => ({ instead: 'silence' }) });
    expect(await post(egressTo(), receiver.url, 200)).toEqual({ kind: 'failed', fault: 'timeout', address: '127.0.0.1' });
  });

  it('gives a connection up at the deadline of the call, however long it might take by itself', async () => {
    // Accepts, and never speaks TLS.
    const server = await listening((socket) => socket.on('error', () => undefined));
    const stalled = await Promise.race([
      post(egressTo(), server.replace('http:', 'https:'), 200),
      new Promise((resolve) => setTimeout(resolve, 2_000, 'still waiting')),
    ]);
    expect(stalled).toEqual({ kind: 'failed', fault: 'timeout', address: '127.0.0.1' });
  });

  it('cuts headers that drip', async () => {
    const server = await listening((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x: y\r\n'), 20);
      socket.on('close', () => clearInterval(timer)).on('error', () => undefined);
    });
    expect(await post(egressTo(), server, 300)).toMatchObject({ kind: 'failed', fault: 'timeout' });
  });

  it('takes a 2xx as soon as the status is there', async () => {
    const receiver = await receiverThat({ answer: () => ({ status: 200, drip_ms: 20 }) });
    const answer = await post(egressTo(), receiver.url, 60_000);
    expect(answer).toMatchObject({ kind: 'answered', status: 200, snippet: '' });
  });

  it('reads a bounded part of a large body, and never inflates one', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const large = await receiverThat({ answer: () => ({ status: 500, body: Buffer.alloc(32 * 1024 * 1024, 'a') }) });
    const packed = await receiverThat({ answer: () => ({ status: 500, body: bomb, headers: { 'content-encoding': 'gzip' } }) });
    const egress = egressTo();
    const answers = [await post(egress, large.url), await post(egress, packed.url)];
    for (const answer of answers) expect(answer).toMatchObject({ kind: 'answered', status: 500 });
    expect((answers[0] as { snippet: string }).snippet).toBe('a'.repeat(1024));
    expect((answers[1] as { snippet: string }).snippet.length).toBeLessThanOrEqual(1024);
  });

  it('shows nothing of its secrets that an answer repeats, and no half of one at the cut', async () => {
    const body = `${SECRET} ${'x'.repeat(1024 - 12 - SECRET.length)}${SECRET}`;
    const receiver = await receiverThat({ answer: () => ({ status: 500, body }) });
    const { snippet } = (await post(egressTo(), receiver.url)) as { snippet: string };
    expect(snippet).toMatch(/^\[removed\] x+\[removed\]$/);
  });

  it('tells a refused connection, a reset, and what is no HTTP', async () => {
    const receiver = await receiverThat({ answer: () => ({ instead: 'reset' }) });
    const gone = await startReceiver();
    await gone.close();
    const babble = await listening((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'));
    const egress = egressTo();
    expect(await post(egress, gone.url)).toMatchObject({ fault: 'connection_refused', address: '127.0.0.1' });
    expect(await post(egress, receiver.url)).toMatchObject({ fault: 'connection_reset' });
    expect(await post(egress, babble)).toMatchObject({ fault: 'invalid_answer' });
  });
});

describe('connections to receivers', () => {
  it('are used again', async () => {
    const receiver = await receiverThat();
    const egress = egressTo();
    for (let n = 0; n < 5; n += 1) {
      await post(egress, receiver.url);
      await untilIdle();
    }
    expect(new Set(receiver.received.map(({ connection }) => connection)).size).toBe(1);
  });

  it('are kept for as many calls as one host may have out: none is closed only to be opened again', async () => {
    const receiver = await receiverThat();
    const egress = egressTo();
    for (let n = 0; n < 2; n += 1) {
      await Promise.all(Array.from({ length: CALLS_PER_HOST_MAX }, () => post(egress, receiver.url)));
      await untilIdle();
    }
    expect(receiver.received).toHaveLength(2 * CALLS_PER_HOST_MAX);
    expect(new Set(receiver.received.map(({ connection }) => connection)).size).toBe(CALLS_PER_HOST_MAX);
  });

  it('that the receiver closed while they were idle cost no attempt', async () => {
    const receiver = await receiverThat();
    const egress = egressTo();
    for (let n = 0; n < 20; n += 1) {
      expect(await post(egress, receiver.url)).toMatchObject({ status: 204 });
      receiver.cut();
    }
    expect(receiver.received).toHaveLength(20);
  });

  it('that are reset in the middle of a request are tried once more, afresh, if they were used before', async () => {
    const receiver = await receiverThat();
    const egress = egressTo();
    await post(egress, receiver.url);
    await untilIdle();
    receiver.answer = ({ times }) => (times === 2 ? { instead: 'reset' } : { status: 204 });
    expect(await post(egress, receiver.url)).toMatchObject({ status: 204 });
    expect(receiver.received).toHaveLength(3);
    receiver.answer = () => ({ instead: 'reset' });
    await untilIdle();
    expect(await post(egress, receiver.url)).toMatchObject({ fault: 'connection_reset' });
    expect(receiver.received).toHaveLength(5);
  });
});

describe('TLS', () => {
  it('refuses a certificate that nobody vouches for', async () => {
    const receiver = await receiverThat({ tls: await certificateFor('127.0.0.1') });
    expect(await post(egressTo(), receiver.url)).toMatchObject({ fault: 'tls_failed' });
    expect(receiver.received).toHaveLength(0);
  });
});

describe('the vetting of a URL at creation', () => {
  const names: Record<string, string[]> = {
    'public.example': ['93.184.216.34'],
    'inside.example': ['10.0.0.1'],
    'allowed.example': ['127.0.0.1'],
  };
  const egress = new Egress({ allowCidrs: LOOPBACK, resolve: async (host) => names[host] ?? [] });

  it.each([
    'https://public.example/hooks',
    'https://public.example:8443/',
    'https://93.184.216.34/',
    'https://not-there-yet.example/',
    'http://127.0.0.1:4000/hooks',
    'http://localhost:4000/',
    'https://[::1]:9000/',
    'http://allowed.example/',
  ])('takes %s', async (url) => expect(await egress.vet(url)).toBeNull());

  it.each([
    ['http://public.example/', 'forbidden_url'],
    ['https://public.example:22/', 'forbidden_url'],
    ['https://inside.example/', 'forbidden_url'],
    ['https://169.254.169.254/latest', 'forbidden_url'],
    ['http://[::ffff:127.0.0.1]/', 'forbidden_url'],
    ['http://not-there-yet.example/', 'forbidden_url'],
    ['https://user@public.example/', 'invalid_url'],
    ['ftp://public.example/', 'invalid_url'],
    ['hooks', 'invalid_url'],
  ])('refuses %s as %s', async (url, code) => expect(await egress.vet(url)).toMatchObject({ code }));

  it('refuses loopback by every name where the operator allows nothing', async () => {
    const strict = new Egress({ allowCidrs: [], resolve: async () => [] });
    for (const url of [
      'https://localhost/',
      'https://a.localhost/',
      'https://127.0.0.1/',
      'https://[::1]/',
      'http://localhost:3000/',
    ]) {
      expect(await strict.vet(url)).toMatchObject({ code: 'forbidden_url' });
    }
  });
});

/** An answer without a body came whole with its head: its connection is free a turn of the event loop later. */
async function untilIdle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function listening(onConnection: (socket: import('node:net').Socket) => void): Promise<string> {
  const server: Server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}
