import type { HttpExchange } from '../wire/exchange.js';
import { ProviderClient } from '../wire/provider.client.js';
import type { DotsConfig } from './dots.config.js';

export interface DotsCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
  /** Of the answer, where more than usual is expected. */
  readonly bytesMax?: number;
}

/** Dots' HTTP: every call with the credentials of the app. Never throws. */
export class DotsClient {
  private readonly http: ProviderClient;
  private readonly basic: string;
  private readonly secrets: readonly string[];

  constructor({ base_url, client_id, api_key, timeout_ms }: DotsConfig, maxConcurrency: number) {
    this.basic = Buffer.from(`${client_id}:${api_key}`).toString('base64');
    this.secrets = [api_key, this.basic];
    this.http = new ProviderClient({ baseUrl: base_url, timeout_ms, connections: maxConcurrency });
  }

  deadline_ms(): number {
    return this.http.deadline_ms();
  }

  call({ method, path, body, bytesMax }: DotsCall, deadline_ms: number): Promise<HttpExchange> {
    return this.http.call({
      method,
      path,
      headers: { authorization: `Basic ${this.basic}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      secrets: this.secrets,
      bytesMax,
      deadline_ms,
    });
  }

  close(): Promise<void> {
    return this.http.close();
  }
}
