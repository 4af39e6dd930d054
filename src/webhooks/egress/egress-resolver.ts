import { promises as dns } from 'node:dns';

/** c-ares, one try: a name server that takes longer is down, and the attempt is made again later. */
const RESOLVE_TIMEOUT_MS = 3_000;
/** Saves a query per delivery to a busy endpoint. Short, because a receiver that moves is to be followed; vetting does not depend on it. */
const REMEMBER_MS = 5_000;
const REMEMBER_MAX = 1_000;

/** Gives the addresses of a name, IPv4 first; none where it has none or nobody answers. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Asks DNS without the threads of `dns.lookup`, of which there are four: a handful of slow domains would stop every file
 * and name look-up of the process.
 */
export class EgressResolver {
  private readonly remembered = new Map<string, { readonly addresses: Promise<readonly string[]>; readonly until_ms: number }>();

  /** @param servers `address:port` of name servers to ask instead of the system's. */
  constructor(private readonly servers?: readonly string[]) {}

  readonly resolve: Resolve = (host) => {
    const known = this.remembered.get(host);
    if (known !== undefined && known.until_ms > performance.now()) return known.addresses;
    const addresses = ask(host, this.servers);
    this.remembered.delete(host);
    this.remembered.set(host, { addresses, until_ms: performance.now() + REMEMBER_MS });
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > REMEMBER_MAX && oldest !== undefined) this.remembered.delete(oldest);
    return addresses;
  };
}

async function ask(host: string, servers?: readonly string[]): Promise<string[]> {
  const resolver = new dns.Resolver({ timeout: RESOLVE_TIMEOUT_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  // c-ares may go on to a second server: the time is ours to keep.
  const timer = setTimeout(() => resolver.cancel(), RESOLVE_TIMEOUT_MS);
  try {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  } finally {
    clearTimeout(timer);
  }
}
