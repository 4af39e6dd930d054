import { Client, type Dispatcher, errors } from 'undici';
import { withoutSecrets } from '../../platform/text/index.js';
import { AllowedNetworks, isPublicAddress } from './egress-address.js';
import { ConnectError, type ConnectFault } from './egress-fault.js';
import { EgressResolver, type Resolve } from './egress-resolver.js';
import { openSocket } from './egress-socket.js';
import { isRefusal, readWebhookUrl, type UrlRefusal, type WebhookTarget } from './webhook-url.js';

/** Enough for any message that helps a person, and all that a hostile receiver can make us read. */
const ANSWER_BYTES_MAX = 16 * 1024;
const SNIPPET_BYTES_MAX = 1024;
const HEADER_BYTES_MAX = 16 * 1024;
/** Answers of 1xx before the one that counts. Nobody sends more, and each costs memory until the deadline. */
const INFORMATIONAL_MAX = 8;
/** How long the rest of a 2xx answer is read, so that its connection can be used again; after that it is not worth it. */
const DRAIN_TIMEOUT_MS = 1_000;
/** Idle connections are kept this long where the receiver does not say otherwise, and never longer than the second. */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MAX_MS = 60_000;
/**
 * Calls to one host that may be out, over all processes: many lanes of it are still one receiver. As many connections to it
 * are kept, so that none is closed only to be opened again for the next call.
 */
export const CALLS_PER_HOST_MAX = 64;
/** A name may have dozens of addresses; a receiver that none of the first three reaches is down. */
const ADDRESSES_TRIED_MAX = 3;
/** Loopback by definition (RFC 6761 6.3): name servers are not asked, and many would not know. */
const LOCALHOST = /^(.+\.)?localhost\.?$/i;
const LOOPBACK = ['127.0.0.1', '::1'];
/** Creating something must not wait for a name server that is down: what it says later is judged at every send. */
const VET_TIMEOUT_MS = 1_000;

/** Why there is no answer, in words that say nothing about our own resolver or network. */
export type EgressFault = ConnectFault | 'connection_reset' | 'timeout' | 'invalid_answer';

export type EgressAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The header as it came. */
      readonly retryAfter: string | null;
      /** The first KiB of the body; empty where the status is 2xx, whose body nobody waits for. */
      readonly snippet: string;
      readonly address: string;
    }
  | { readonly kind: 'failed'; readonly fault: EgressFault; readonly address: string | null };

export interface EgressRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What an answer that repeats the request must not show. */
  readonly secrets: readonly string[];
  /** Over everything: names, connection, headers and body. */
  readonly timeout_ms: number;
}

export interface EgressOptions {
  readonly allowCidrs: readonly string[];
  /** Everything goes through it, where there is one. */
  readonly proxyUrl?: string | null;
  readonly resolve?: Resolve;
}

const FORBIDDEN: UrlRefusal = {
  code: 'forbidden_url',
  detail: 'This URL can not be called from here. Give a public https URL on port 443 or 8443.',
};

/** One connection: at most one socket in its life, and one request at a time. */
interface Connection {
  readonly client: Client;
  readonly pool: string;
  readonly address: string;
  used: boolean;
}

/**
 * The only way out to receivers. Every address is vetted before it is connected to, redirects and proxy variables are not
 * followed, answers are never inflated, and one deadline stands over the whole call: the time limits of HTTP libraries
 * are idle timers, which a receiver that drips bytes defeats.
 */
export class Egress {
  private readonly allowed: AllowedNetworks;
  private readonly proxy: URL | null;
  private readonly resolve: Resolve;
  private readonly idle = new Map<string, Connection[]>();
  private readonly open = new Set<Connection>();

  constructor({ allowCidrs, proxyUrl = null, resolve }: EgressOptions) {
    this.allowed = new AllowedNetworks(allowCidrs);
    this.proxy = proxyUrl === null ? null : new URL(proxyUrl);
    this.resolve = resolve ?? new EgressResolver().resolve;
  }

  /** Whether a URL may be taken, as far as it can be told now; null: yes. A name that nobody knows yet is judged at every send. */
  async vet(text: string): Promise<UrlRefusal | null> {
    const target = readWebhookUrl(text);
    if (isRefusal(target)) return target;
    const timedOut = new Promise<readonly string[]>((resolve) => setTimeout(resolve, VET_TIMEOUT_MS, []).unref());
    const addresses = await Promise.race([this.addressesOf(target), timedOut]);
    if (addresses.length === 0) return target.usual ? null : FORBIDDEN;
    return addresses.every((address) => this.mayReach(target, address)) ? null : FORBIDDEN;
  }

  /** Never rejects: whatever a receiver or a network can do is an answer or a fault. */
  async post(request: EgressRequest): Promise<EgressAnswer> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeout_ms);
    try {
      return await this.send(request, deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.open].map((connection) => this.discard(connection)));
  }

  private async send(request: EgressRequest, signal: AbortSignal): Promise<EgressAnswer> {
    const target = readWebhookUrl(request.url);
    if (isRefusal(target)) return { kind: 'failed', fault: 'not_reachable', address: null };
    const addresses = await orAborted(this.addressesOf(target), signal);
    if (addresses === null) return { kind: 'failed', fault: 'timeout', address: null };
    if (addresses.length === 0 || !addresses.every((address) => this.mayReach(target, address))) {
      return { kind: 'failed', fault: 'not_reachable', address: null };
    }
    let answer: EgressAnswer = { kind: 'failed', fault: 'not_reachable', address: null };
    for (const address of addresses.slice(0, ADDRESSES_TRIED_MAX)) {
      answer = await this.sendTo({ target, address, request, signal });
      const unreached =
        answer.kind === 'failed' && (answer.fault === 'connection_refused' || answer.fault === 'connection_timeout');
      if (!unreached || signal.aborted) break;
    }
    return answer;
  }

  /** A reset on a connection that had been idle says nothing about the receiver: it may close one at any moment. */
  private async sendTo(call: Call): Promise<EgressAnswer> {
    const reused = this.takeIdle(call);
    if (reused !== null) {
      const answer = await this.exchange(reused, call);
      if (answer.kind === 'answered' || answer.fault !== 'connection_reset') return answer;
    }
    return this.exchange(this.connection(call), call);
  }

  private async exchange(connection: Connection, call: Call): Promise<EgressAnswer> {
    const { address, request, signal } = call;
    let informational = 0;
    try {
      connection.used = true;
      const response = await connection.client.request({
        method: 'POST',
        path: call.target.path,
        headers: request.headers,
        body: request.body,
        signal,
        onInfo: () => {
          informational += 1;
          if (informational > INFORMATIONAL_MAX) throw new Error('only informational answers');
        },
      });
      const retryAfter = [response.headers['retry-after']].flat()[0] ?? null;
      const answered = { kind: 'answered', status: response.statusCode, retryAfter, address } as const;
      if (response.statusCode >= 200 && response.statusCode < 300) {
        void this.drain(connection, response.body);
        return { ...answered, snippet: '' };
      }
      return { ...answered, snippet: await this.readSnippet(connection, response.body, request.secrets) };
    } catch (error) {
      void this.discard(connection);
      return { kind: 'failed', fault: faultOf(error, signal), address };
    }
  }

  /** Reads what is left, for the sake of the connection alone. */
  private async drain(connection: Connection, body: Dispatcher.ResponseData['body']): Promise<void> {
    const timer = setTimeout(() => body.destroy(), DRAIN_TIMEOUT_MS);
    const { ended } = await readUpTo(body, ANSWER_BYTES_MAX);
    clearTimeout(timer);
    if (ended) this.putIdle(connection);
    else void this.discard(connection);
  }

  /** A body that does not end in time or size is cut: the status has already said what counts. */
  private async readSnippet(
    connection: Connection,
    body: Dispatcher.ResponseData['body'],
    secrets: readonly string[],
  ): Promise<string> {
    const { bytes, ended } = await readUpTo(body, ANSWER_BYTES_MAX);
    if (ended) this.putIdle(connection);
    else void this.discard(connection);
    // Before it is cut, so that no half of a secret is left at the end.
    const shown = Buffer.from(withoutSecrets(bytes.toString('utf8'), secrets)).subarray(0, SNIPPET_BYTES_MAX);
    // PostgreSQL keeps no NUL, and nobody wants a terminal to obey what a receiver sent.
    return shown.toString('utf8').replace(/[^\P{Cc}\n\t]/gu, ' ');
  }

  private async addressesOf(target: WebhookTarget): Promise<readonly string[]> {
    if (target.hostIsAddress) return [target.host];
    if (!LOCALHOST.test(target.host)) return this.resolve(target.host);
    // Whoever allows one of the two means it by this name.
    const allowed = LOOPBACK.filter((address) => this.allowed.includes(address));
    return allowed.length > 0 ? allowed : LOOPBACK;
  }

  private mayReach(target: WebhookTarget, address: string): boolean {
    return this.allowed.includes(address) || (target.usual && isPublicAddress(address));
  }

  private connection({ target, address, signal }: Call): Connection {
    const client = new Client(`${target.protocol}//${target.authority}`, {
      connect: (_, callback) => {
        openSocket({ target, address, isVetted: (remote) => this.mayReach(target, remote), proxy: this.proxy, signal }).then(
          (socket) => callback(null, socket),
          (error: unknown) => callback(error as Error, null),
        );
      },
      // Our own deadline stands over everything; an idle timer besides would only add a second kind of fault.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    });
    const connection: Connection = { client, pool: poolOf(target, address), address, used: false };
    this.open.add(connection);
    // undici would connect anew for the next request: one socket per connection keeps "reused" true.
    client.on('disconnect', () => void this.discard(connection));
    return connection;
  }

  private takeIdle({ target, address }: Call): Connection | null {
    return this.idle.get(poolOf(target, address))?.pop() ?? null;
  }

  private putIdle(connection: Connection): void {
    const pool = this.idle.get(connection.pool) ?? [];
    if (!this.open.has(connection) || pool.length >= CALLS_PER_HOST_MAX) return void this.discard(connection);
    this.idle.set(connection.pool, pool);
    pool.push(connection);
  }

  private async discard(connection: Connection): Promise<void> {
    if (!this.open.delete(connection)) return;
    const pool = this.idle.get(connection.pool)?.filter((other) => other !== connection) ?? [];
    if (pool.length === 0) this.idle.delete(connection.pool);
    else this.idle.set(connection.pool, pool);
    await connection.client.destroy().catch(() => undefined);
  }
}

interface Call {
  readonly target: WebhookTarget;
  readonly address: string;
  readonly request: EgressRequest;
  readonly signal: AbortSignal;
}

/** By vetted address: a name that moved never meets a connection to where it was. */
const poolOf = (target: WebhookTarget, address: string): string => `${target.protocol}//${target.host}:${target.port}@${address}`;

function faultOf(error: unknown, signal: AbortSignal): EgressFault {
  if (signal.aborted) return 'timeout';
  if (error instanceof ConnectError) return error.fault;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  // A client that is gone was closed by its receiver just before the request: nothing of it was sent.
  const closed = error instanceof errors.SocketError || error instanceof errors.ClientDestroyedError;
  if (closed || code === 'ECONNRESET' || code === 'EPIPE') return 'connection_reset';
  return 'invalid_answer';
}

async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | null> {
  if (signal.aborted) return null;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
    work.then(resolve, reject);
  });
}

/** @returns what came, and whether the body ended by itself within the limit. */
async function readUpTo(body: Dispatcher.ResponseData['body'], limit_bytes: number): Promise<{ bytes: Buffer; ended: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit_bytes) return { bytes: Buffer.concat(chunks).subarray(0, limit_bytes), ended: false };
    }
    return { bytes: Buffer.concat(chunks), ended: true };
  } catch {
    return { bytes: Buffer.concat(chunks), ended: false };
  }
}
