import { createInterface } from 'node:readline';
import { startProvider } from '../../test/support/provider-server.js';

/**
 * Says where it is; answers each line of its input with when it took which reference since the line before. Peers and limits pay
 * from an account of their own: what nobody had ordered from Tranche would pause its connector when it compares the books.
 */
const latency_ms = Number(process.argv[2]);
const open = () => startProvider({ keepRequests: false, ...(latency_ms > 0 ? { latency_ms } : {}) });
const accounts = [await open(), await open()];
const told = accounts.map(() => 0);
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const [tranche, others] = accounts.map(({ url, token }) => ({ base_url: url, token }));
say({ tranche, others });
for await (const _line of createInterface(process.stdin)) {
  say(accounts.flatMap(({ ledger }, place) => ledger.slice(told[place]).map(({ request, at }) => [request.reference, at])));
  accounts.forEach(({ ledger }, place) => (told[place] = ledger.length));
}
await Promise.all(accounts.map((account) => account.close()));
