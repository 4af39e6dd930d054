import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A process that is frozen once it listens: the shortest queue there is soon full, and then the system drops what comes. */
const server = createServer();
await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, resolve));
process.stdout.write(`${JSON.stringify({ hole: (server.address() as AddressInfo).port })}\n`);
for await (const _line of createInterface(process.stdin)) continue;
process.exit(0);
