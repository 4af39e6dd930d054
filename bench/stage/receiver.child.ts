import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/** Answers 204 to everything, after its latency; answers each line of its input with what came since the last, by path. */
const latency_ms = Number(process.argv[2]);
let arrivals = new Map<string, { count: number; late_ms: number[] }>();

function note(path: string, body: string): void {
  const kept = arrivals.get(path) ?? { count: 0, late_ms: [] };
  arrivals.set(path, kept);
  kept.count += 1;
  const timestamp = /"timestamp":"([^"]+)"/.exec(body)?.[1];
  if (timestamp !== undefined) kept.late_ms.push(Date.now() - Date.parse(timestamp));
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    note(request.url ?? '', Buffer.concat(chunks).toString());
    const answer = (): void => void response.writeHead(204).end();
    if (latency_ms > 0) setTimeout(answer, latency_ms);
    else answer();
  });
});
// Idle connections of a long run are the sender's to close.
server.keepAliveTimeout = 0;
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
for await (const _line of createInterface(process.stdin)) {
  say([...arrivals]);
  arrivals = new Map();
}
server.closeAllConnections();
server.close();
