import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';

export const USAGE = `Usage: tranche listen --forward-to URL [options]

Follows the events of a merchant and posts each to URL, signed as a webhook: for developing a receiver without a public URL.

  --forward-to URL   where your receiver listens, such as http://127.0.0.1:4000/hooks
  --url URL          the server (TRANCHE_URL; default http://127.0.0.1:3000)
  --api-key KEY      the merchant's key (better in TRANCHE_API_KEY: a command line can be seen by others)
  --secret whsec_…   what to sign with; without it a new one is made and printed
  --from PLACE       an event id to go on behind, or beginning, or latest (the default)
  --help

Ends with Ctrl-C. Exit code 0: ended by you; 1: refused by the server; 2: wrong arguments.`;

export interface Options {
  readonly forwardTo: URL;
  readonly server: URL;
  readonly apiKey: string;
  readonly secret: string;
  readonly secretIsNew: boolean;
  /** An event id, `beginning` or `latest`. */
  readonly from: string;
}

export class UsageError extends Error {}

/**
 * @returns null where help was asked for.
 * @throws UsageError
 */
export function readOptions(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): Options | null {
  const given = parse(words);
  if (given.help === true) return null;
  const apiKey = given['api-key'] ?? environment['TRANCHE_API_KEY'];
  if (apiKey === undefined || apiKey === '') throw new UsageError('Give a key: TRANCHE_API_KEY or --api-key.');
  const { secret } = given;
  return {
    forwardTo: httpUrl('--forward-to', given['forward-to']),
    server: httpUrl('--url', given.url ?? environment['TRANCHE_URL'] ?? 'http://127.0.0.1:3000'),
    apiKey,
    secret: secret === undefined ? newSecret() : usable(secret),
    secretIsNew: secret === undefined,
    from: given.from ?? 'latest',
  };
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...words],
      options: {
        'forward-to': text,
        url: text,
        'api-key': text,
        secret: text,
        from: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function httpUrl(name: string, text: string | undefined): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new UsageError(`${name} needs an http(s) URL.`);
  return url;
}

/** As the server makes them: 32 random bytes in standard base64, which is what the verifiers of other languages take. */
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

function usable(secret: string): string {
  if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret))
    throw new UsageError('--secret needs whsec_ and the base64 of 24 bytes or more.');
  new Webhook(secret);
  return secret;
}
