import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';

/** Says on which ports it does not do what it should; ends with its input. */
const DRIP_MS = 1_000;
const ANSWER = 'HTTP/1.1 204 No Content\r\n\r\n';

const silent = createHttpServer((request) => void request.resume());
const dripping = createServer((socket) => {
  let sent = 0;
  const timer = setInterval(() => socket.write(ANSWER.charAt(sent++)), DRIP_MS);
  socket.resume().on('error', () => undefined);
  socket.on('close', () => clearInterval(timer));
});
const mute = createServer((socket) => void socket.resume().on('error', () => undefined));
const dns = createSocket('udp4');

const open = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve));
const ports = { silent: await open(silent), dripping: await open(dripping), mute: await open(mute), dns: dns.address().port };
process.stdout.write(`${JSON.stringify(ports)}\n`);
for await (const _line of createInterface(process.stdin)) continue;
process.exit(0);
