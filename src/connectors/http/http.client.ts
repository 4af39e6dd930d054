import axios, { type AxiosAdapter, type AxiosInstance, type AxiosResponse } from 'axios';
import { isUtf8 } from 'node:buffer';
import { Pool, type Dispatcher } from 'undici';
import { withoutSecrets } from '../../platform/text/index.js';
import type { HttpExchange } from './http.mapping.js';

/** An answer of the protocol has a few hundred bytes; more than this is no answer to us, and must not fill memory. */
const ANSWER_BYTES_MAX = 65_536;

export interface HttpClientOptions {
  readonly baseUrl: string;
  readonly token: string;
  /** The total deadline of one call, from asking for a connection to the last byte of the body. */
  readonly timeout_ms: number;
  /** Sockets at most; as many as calls may be in flight, so that none waits for a socket while its deadline runs. */
  readonly connections: number;
}

/** One provider's HTTP: keep-alive sockets, one deadline, no redirects, no proxy from the environment. Never throws. */
export class HttpClient {
  private readonly pool: Pool;
  private readonly http: AxiosInstance;
  private readonly basePath: string;
  private readonly token: string;

  constructor(options: HttpClientOptions) {
    this.token = options.token;
    const base = new URL(options.baseUrl);
    this.basePath = base.pathname.replace(/\/+$/, '');
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
      timeout: options.timeout_ms,
      maxContentLength: ANSWER_BYTES_MAX,
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
      transformRequest: [(body: unknown) => body],
      transformResponse: [(body: unknown) => body],
      headers: {
        authorization: `Bearer ${options.token}`,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'tranche',
      },
    });
  }

  post(path: string, body: unknown, idempotencyKey: string): Promise<HttpExchange> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey };
    return this.exchange(() => this.http.post<ReadBody>(this.basePath + path, JSON.stringify(body), { headers }));
  }

  get(path: string, maxContentLength = ANSWER_BYTES_MAX): Promise<HttpExchange> {
    return this.exchange(() => this.http.get<ReadBody>(this.basePath + path, { maxContentLength }));
  }

  /** Lets the calls in flight come to their end, and refuses new ones. */
  async close(): Promise<void> {
    if (!this.pool.closed) await this.pool.close();
  }

  /** Errors are cut down to their code: those of axios carry the request, and with it the token and account data. */
  private async exchange(call: () => Promise<AxiosResponse<ReadBody>>): Promise<HttpExchange> {
    try {
      const { status, headers, data } = await call();
      const retryAfter: unknown = headers['retry-after'];
      // Gateways repeat the headers that they do not like, and what they say is kept as evidence.
      const body = data.body === null ? null : withoutSecrets(data.body, [this.token]);
      return { kind: 'answer', status, retryAfter: typeof retryAfter === 'string' ? retryAfter : null, cut: data.cut, body };
    } catch (error) {
      return { kind: 'no_answer', code: codeOf(error) };
    }
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
