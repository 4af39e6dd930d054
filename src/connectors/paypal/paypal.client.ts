import type { HttpExchange } from '../wire/exchange.js';
import { jsonObjectOf } from '../wire/provider-json.js';
import { ProviderClient } from '../wire/provider.client.js';
import { AccessTokens, type Grant } from './access-tokens.js';
import type { PaypalConfig } from './paypal.config.js';

/** What became of a call, or why there was none: without a token nothing has been sent. */
export type PaypalExchange = HttpExchange | { readonly kind: 'no_token'; readonly why: HttpExchange };

export interface PaypalCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON; a cancellation has none. */
  readonly body?: string;
}

const LATE: HttpExchange = { kind: 'no_answer', code: 'DEADLINE' };
/** A token that PayPal grants without saying for how long. */
const LIFETIME_UNSAID_S = 300;

/** PayPal's HTTP: every call with a token, which is fetched once for all and once more where it is refused. Never throws. */
export class PaypalClient {
  private readonly http: ProviderClient;
  private readonly tokens = new AccessTokens<HttpExchange>(() => this.fetchToken());
  private readonly basic: string;

  constructor(
    private readonly config: PaypalConfig,
    connections: number,
  ) {
    this.basic = Buffer.from(`${config.client_id}:${config.client_secret}`).toString('base64');
    this.http = new ProviderClient({ baseUrl: config.base_url, timeout_ms: config.timeout_ms, connections });
  }

  deadline_ms(): number {
    return this.http.deadline_ms();
  }

  async call(call: PaypalCall, deadline_ms: number): Promise<PaypalExchange> {
    const first = await this.callOnce(call, deadline_ms);
    // Refused before anything was looked at; a token may have been withdrawn before its time.
    return first.kind === 'answer' && first.status === 401 ? this.callOnce(call, deadline_ms) : first;
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async callOnce(call: PaypalCall, deadline_ms: number): Promise<PaypalExchange> {
    const grant = await within(deadline_ms, this.tokens.get());
    if (grant === null) return { kind: 'no_token', why: LATE };
    if ('refusal' in grant) return { kind: 'no_token', why: grant.refusal };
    const { token } = grant;
    const exchange = await this.http.call({
      method: call.method,
      path: call.path,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: call.body,
      secrets: [token, this.config.client_secret, this.basic],
      deadline_ms,
    });
    if (exchange.kind === 'answer' && exchange.status === 401) this.tokens.discard(token);
    return exchange;
  }

  private async fetchToken(): Promise<Grant | { readonly refusal: HttpExchange }> {
    const exchange = await this.http.call({
      method: 'POST',
      path: '/v1/oauth2/token',
      headers: { authorization: `Basic ${this.basic}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
      secrets: [],
    });
    if (exchange.kind === 'no_answer') return { refusal: exchange };
    const { access_token: token, expires_in: lifetime_s = LIFETIME_UNSAID_S } = jsonObjectOf(exchange.body) ?? {};
    // What may stand in a header, as whatever else is secret.
    const fits = exchange.status === 200 && typeof token === 'string' && /^[\x21-\x7e]{1,8192}$/.test(token);
    // A body with a token in it goes no further than here, whatever else is wrong with it.
    if (!fits || typeof lifetime_s !== 'number') return { refusal: { ...exchange, body: null } };
    return { token, lifetime_ms: lifetime_s * 1000 };
  }
}

/** Null where it takes longer. */
async function within<Result>(deadline_ms: number, awaited: Promise<Result>): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(deadline_ms - performance.now(), 0));
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    clearTimeout(timer);
  }
}
