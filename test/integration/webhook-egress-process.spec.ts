import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { certificateAuthority, certificateFor } from '../support/certificates.js';
import type { EgressOrder, EgressReport } from '../support/egress.child.js';

/** Each starts a process, and the machine of a test run is busy. */
const MIB = 2 ** 20;
const NAME = 'merchant.example';
/** Discards (RFC 863), and nobody listens. */
const NO_PROXY = 'http://127.0.0.1:9';
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const here = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

async function reportOf(order: EgressOrder, environment: Readonly<Record<string, string>> = {}): Promise<EgressReport> {
  // What V8 lets lie before it collects anything (48 MB by itself) is nobody's to fill and nobody's fault.
  const words = [
    '--max-semi-space-size=2',
    '--import',
    here('register-typescript.mjs'),
    here('egress.child.ts'),
    JSON.stringify(order),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, words, { env: { PATH: process.env['PATH'], ...environment } });
  return JSON.parse(stdout) as EgressReport;
}

async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const urlOf = async (server: Server): Promise<string> => `http://127.0.0.1:${String(await portOf(server))}/`;
const answering = (listener: RequestListener): Promise<string> => urlOf(createServer(listener));

/** Writes the same over and over, as fast as it is taken, up to a length. */
function pour(socket: NodeJS.WritableStream, chunk: Buffer, limit_bytes = Infinity): void {
  let poured = 0;
  const more = (): void => {
    while (poured < limit_bytes) {
      poured += chunk.length;
      if (!socket.write(chunk)) {
        socket.once('drain', more);
        return;
      }
    }
    socket.end();
  };
  more();
}

describe('a receiver that wants our memory', () => {
  it('gets less than 50 MB of it, and its place is free by the deadline, whatever it pours', async () => {
    const aMiB = Buffer.alloc(MIB, 'a');
    const bomb = gzipSync(Buffer.alloc(128 * MIB));
    const endless = (head: string, line: string): Promise<string> =>
      urlOf(
        createRawServer((socket) => {
          socket.write(head);
          pour(socket, Buffer.from(line.repeat(1000)));
        }),
      );
    const urls = [
      await answering((_, response) => pour(response.writeHead(500), aMiB, 1024 * MIB)),
      await answering((_, response) => pour(response.writeHead(200), aMiB, 1024 * MIB)),
      await answering((_, response) => response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb)),
      await answering((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)),
      await endless('HTTP/1.1 200 OK\r\n', 'x-more: and more\r\n'),
      await endless('HTTP/1.1 200 OK\r\nx-one: ', 'for ever and ever'),
      await endless('', 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n'),
      await endless('HTTP/1.1 ', '2'),
      await endless('HTTP/1.1 500 no\r\ntransfer-encoding: chunked\r\n\r\n', '1;name=value\r\nx\r\n'),
    ];
    const { answers, grew_bytes } = await reportOf({
      urls: urls.flatMap((url) => [url, url, url]),
      timeout_ms: 3_000,
      names: [],
    });
    const statuses = answers
      .filter((_, index) => index % 3 === 0)
      .map((answer) => (answer.kind === 'answered' ? answer.status : answer.fault));
    expect(statuses.slice(0, 4)).toEqual([500, 200, 500, 200]);
    for (const fault of statuses.slice(4, 8)) expect(['invalid_answer', 'timeout', 'connection_reset']).toContain(fault);
    expect(grew_bytes / MIB).toBeLessThan(50);
  });
});

describe('TLS to a receiver', () => {
  interface Visit {
    readonly protocol: string | null;
    readonly servername: string | false | null | undefined;
    readonly text: string;
  }

  /** A receiver that tells who called it by which name, and with what. */
  async function receiver(options: TlsOptions): Promise<{ port: number; visits: Visit[] }> {
    const visits: Visit[] = [];
    const server = createTlsServer(options, (socket: TLSSocket) => {
      socket
        .on('error', () => undefined)
        .once('data', (bytes: Buffer) => {
          visits.push({ protocol: socket.getProtocol(), servername: socket.servername, text: bytes.toString() });
          socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
        });
    });
    return { port: await portOf(server), visits };
  }

  it('is spoken to whoever has a certificate for the name of the URL, in version 1.2 or later, and to nobody else', async () => {
    const authority = await certificateAuthority();
    const folder = await mkdtemp(join(tmpdir(), 'tranche-tls-'));
    closing.push(() => void rm(folder, { recursive: true }));
    await writeFile(join(folder, 'authority.pem'), authority.cert);
    const right = await certificateFor(NAME, authority);
    const modern = await receiver(right);
    const older = await receiver({ ...right, maxVersion: 'TLSv1.2' });
    const others = [
      await receiver({ ...right, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      await receiver(await certificateFor('somebody-else.example', authority)),
      await receiver(await certificateFor(NAME)),
      await receiver(await certificateFor(NAME, await certificateAuthority())),
    ];
    const urls = [modern, older, ...others].map(({ port }) => `https://${NAME}:${String(port)}/hooks`);
    const { answers } = await reportOf(
      { urls, timeout_ms: 5_000, names: [NAME] },
      // No proxy but that of WEBHOOK_PROXY_URL: there is none at these.
      { NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'), HTTPS_PROXY: NO_PROXY, HTTP_PROXY: NO_PROXY, ALL_PROXY: NO_PROXY },
    );
    expect(answers.map((answer) => (answer.kind === 'answered' ? answer.status : answer.fault))).toEqual([
      ...[204, 204],
      ...['tls_failed', 'tls_failed', 'tls_failed', 'tls_failed'],
    ]);
    expect([...modern.visits, ...older.visits].map(({ protocol, servername }) => [protocol, servername])).toEqual([
      ['TLSv1.3', NAME],
      ['TLSv1.2', NAME],
    ]);
    expect(modern.visits[0]?.text).toContain('POST /hooks HTTP/1.1');
    expect(others.flatMap(({ visits }) => visits)).toEqual([]);
  });

  it('is not spoken where the process trusts no such authority', async () => {
    const { port, visits } = await receiver(await certificateFor(NAME, await certificateAuthority()));
    const { answers } = await reportOf({ urls: [`https://${NAME}:${String(port)}/`], timeout_ms: 5_000, names: [NAME] });
    expect([answers, visits]).toEqual([[{ kind: 'failed', fault: 'tls_failed', address: '127.0.0.1' }], []]);
  });
});
