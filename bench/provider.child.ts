import { createInterface } from 'node:readline';
import { startProvider } from '../test/support/provider-server.js';

/**
 * A provider in a process of its own, so that its work is not the engine's. Says where it is; answers each line of its input
 * with when it took which reference, and forgets it; ends with its input.
 */
const provider = await startProvider({ keepRequests: false });
let told = 0;
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url: provider.url, token: provider.token });
for await (const _line of createInterface(process.stdin)) {
  say(provider.ledger.slice(told).map(({ request, at }) => [request.reference, at]));
  told = provider.ledger.length;
}
await provider.close();
