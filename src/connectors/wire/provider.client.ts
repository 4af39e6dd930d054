import axios, { type AxiosAdapter, type AxiosInstance } from 'axios';
import { isUtf8 } from 'node:buffer';
import { Pool, type Dispatcher } from 'undici';
import { withoutSecrets } from '../../platform/text/index.js';
import { NOT_BEGUN, type HttpExchange } from './exchange.js';

/** An answer of the protocol has a few hundred bytes; more than this is no answer to us, and must not fill memory. */
const ANSWER_BYTES_MAX = 65_536;
/** A page of a list has some hundred bytes for each of its payments. */
export const LIST_BYTES_MAX = 4 * 1_048_576;

export interface ProviderClientOptions {
  readonly baseUrl: string;
  /** The total deadline of one call, from asking for a connection to the last byte of the body. */
  readonly timeout_ms: number;
  /** Sockets at most; as many as calls may be in flight, so that none waits for a socket while its deadline runs. */
  readonly connections: number;
}

export interface ProviderCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What of the headers must not come back in an answer that is kept. */
  readonly secrets: readonly string[];
  /** Of the answer, where more than usual is expected. */
  readonly bytesMax?: number;
  /** By then it has to be over, where it is not the first of the calls that belong together: an instant of `performance.now()`. */
  readonly deadline_ms?: number;
}

/** One provider's HTTP: keep-alive sockets, one deadline, no redirects, no proxy from the environment. Never throws. */
export class ProviderClient {
  private readonly pool: Pool;
  private readonly http: AxiosInstance;
  private readonly basePath: string;
  private readonly timeout_ms: number;

  constructor(options: ProviderClientOptions) {
    const base = new URL(options.baseUrl);
    this.basePath = base.pathname.replace(/\/+$/, '');
    this.timeout_ms = options.timeout_ms;
    // The idle timers of undici are off: a provider that drips bytes defeats them, the deadline of the adapter does not.
    this.pool = new Pool(base.origin, {
      connections: options.connections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.timeout_ms },
    });
    this.http = axios.create({
      adapter: overPool(this.pool),
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
      transformRequest: [(body: unknown) => body],
      transformResponse: [(body: unknown) => body],
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'tranche' },
    });
  }

  /** The instant at which all calls that belong together have to be over, if they begin now. */
  deadline_ms(): number {
    return performance.now() + this.timeout_ms;
  }

  /** Errors are cut down to their code: those of axios carry the request, and with it secrets and account data. */
  async call({ method, path, headers, body, secrets, bytesMax, deadline_ms }: ProviderCall): Promise<HttpExchange> {
    const left_ms = deadline_ms === undefined ? this.timeout_ms : Math.floor(deadline_ms - performance.now());
    if (left_ms <= 0) return { kind: 'no_answer', code: NOT_BEGUN };
    try {
      const {
        status,
        headers: answered,
        data,
      } = await this.http.request<ReadBody>({
        method,
        url: this.basePath + path,
        headers: { ...headers },
        data: body,
        maxContentLength: bytesMax ?? ANSWER_BYTES_MAX,
        timeout: left_ms,
      });
      const retryAfter: unknown = answered['retry-after'];
      return {
        kind: 'answer',
        status,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
        cut: data.cut,
        // Gateways repeat the headers that they do not like, and what they say is kept as evidence.
        body: data.body === null ? null : withoutSecrets(data.body, secrets),
      };
    } catch (error) {
      return { kind: 'no_answer', code: codeOf(error) };
    }
  }

  /** Lets the calls in flight come to their end, and refuses new ones. */
  async close(): Promise<void> {
    if (!this.pool.closed) await this.pool.close();
  }
}

/**
 * axios over an undici pool: 0.55 of the rate of bare undici, where axios's own adapter has 0.20. The deadline is raced
 * against the call because undici looks at its signal only once a request has a socket.
 */
function overPool(pool: Pool): AxiosAdapter {
  return async (config) => {
    const cut = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const late = Object.assign(new Error('no answer within the deadline'), { code: 'DEADLINE' });
        cut.abort(late);
        reject(late);
      }, config.timeout);
    });
    try {
      const request = pool.request({
        path: config.url ?? '/',
        method: (config.method ?? 'get').toUpperCase() as Dispatcher.HttpMethod,
        headers: config.headers.toJSON() as Record<string, string>,
        body: (config.data as string | undefined) ?? null,
        signal: cut.signal,
      });
      const answer = await Promise.race([request, deadline]);
      // The status is known from here on, and may say enough (401, 503) even where the body breaks off.
      const data: ReadBody = await Promise.race([readBody(answer.body, config.maxContentLength), deadline]).catch(() => ({
        body: null,
        cut: true,
      }));
      return { data, status: answer.statusCode, statusText: '', headers: firstOfEach(answer.headers), config, request: null };
    } finally {
      clearTimeout(timer);
    }
  };
}

type ReadBody = Pick<HttpExchange & { readonly kind: 'answer' }, 'body' | 'cut'>;

async function readBody(stream: AsyncIterable<Buffer>, bytesMax = ANSWER_BYTES_MAX): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    // Leaving the loop destroys the stream, and with it the socket.
    if (size > bytesMax) return { body: null, cut: false };
    chunks.push(chunk);
  }
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  return { body: isUtf8(bytes) ? bytes.toString('utf8') : null, cut: false };
}

function firstOfEach(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const retryAfter = headers['retry-after'];
  const first = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  return first === undefined ? {} : { 'retry-after': first };
}

/** By its shape, not by `instanceof`: the errors of Node's own modules may be of another realm, as they are under Jest. */
function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && code !== '' ? code : 'UNSPECIFIED';
}
