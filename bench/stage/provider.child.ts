import { createInterface } from 'node:readline';
import { startProvider } from '../../test/support/provider-server.js';

/** Says where it is; answers each line of its input with when it took which reference, and forgets it. */
const latency_ms = Number(process.argv[2]);
const provider = await startProvider({ keepRequests: false, ...(latency_ms > 0 ? { latency_ms } : {}) });
let told = 0;
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url: provider.url, token: provider.token });
for await (const _line of createInterface(process.stdin)) {
  say(provider.ledger.slice(told).map(({ request, at }) => [request.reference, at]));
  told = provider.ledger.length;
}
await provider.close();
