import { parseArgs } from 'node:util';

const AUDIT_USAGE = `Usage: tranche audit verify|export [options]

verify walks a chain of audit entries from the first to the end and names the first link that is not as it was sealed.
export writes its entries to standard output, one JSON object a line, newest first.

  --merchant ID  whose chain; without it the engine's own: connectors, brakes, keys
  --url URL      the server (TRANCHE_URL; default http://127.0.0.1:3000)

Needs the operator key in OPERATOR_KEY. Exit code 0: whole; 1: broken, or refused by the server; 2: wrong arguments.`;

interface Chain {
  readonly url: string;
  readonly key: string;
}

interface Verification {
  readonly whole: boolean;
  readonly entries: number;
  readonly hash: string | null;
  readonly waiting: number;
  readonly broken: { readonly number: number; readonly detail: string } | null;
}

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly has_more: boolean;
}

class UsageError extends Error {}

/** `tranche audit`. @returns the exit code. */
export async function auditTrail(words: readonly string[]): Promise<number> {
  try {
    const [command, chain] = readWords(words, process.env);
    return await (command === 'verify' ? verify(chain) : exportEntries(chain));
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${AUDIT_USAGE}\n`);
    else process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function readWords(words: readonly string[], environment: NodeJS.ProcessEnv): ['verify' | 'export', Chain] {
  const [command, ...rest] = words;
  if (command !== 'verify' && command !== 'export') throw new UsageError('Say verify or export.');
  const key = environment['OPERATOR_KEY'] ?? '';
  if (key === '') throw new UsageError('Give the operator key in OPERATOR_KEY.');
  const { merchant, url = environment['TRANCHE_URL'] ?? 'http://127.0.0.1:3000' } = parsed(rest);
  if (!URL.canParse(url)) throw new UsageError('--url needs an http(s) URL.');
  const path = merchant === undefined ? '/v1/operator/audit' : `/v1/operator/merchants/${encodeURIComponent(merchant)}/audit`;
  return [command, { url: url.replace(/\/$/, '') + path, key }];
}

function parsed(words: string[]): { merchant?: string; url?: string } {
  try {
    return parseArgs({ args: words, options: { merchant: { type: 'string' }, url: { type: 'string' } } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function verify(chain: Chain): Promise<number> {
  const { whole, entries, hash, waiting, broken } = await read<Verification>(chain, '/verification');
  const until = hash === null ? '' : `, until ${hash}`;
  process.stdout.write(`${String(entries)} entries are as they were sealed${until}; ${String(waiting)} wait to be sealed\n`);
  if (broken !== null) process.stdout.write(`BROKEN at entry ${String(broken.number)}: ${broken.detail}\n`);
  return whole ? 0 : 1;
}

async function exportEntries(chain: Chain): Promise<number> {
  for (let after = ''; ;) {
    const page = await read<Page>(chain, `?limit=1000${after}`);
    for (const entry of page.data) process.stdout.write(`${JSON.stringify(entry)}\n`);
    const last = page.data.at(-1);
    if (!page.has_more || last === undefined) return 0;
    after = `&starting_after=${last.id}`;
  }
}

async function read<Body>({ url, key }: Chain, rest: string): Promise<Body> {
  const answer = await fetch(url + rest, { headers: { authorization: `Bearer ${key}` }, redirect: 'error' });
  if (!answer.ok) throw new Error(`The server refuses: ${String(answer.status)} ${await answer.text()}`);
  return (await answer.json()) as Body;
}
