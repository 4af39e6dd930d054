import type { ConfigFault } from '../connector.js';
import { readConfig, type WireOptions } from '../wire/config-reader.js';

export interface DotsConfig {
  /** `https://api.dots.dev/api/v2`, or that of Dots' sandbox. */
  readonly base_url: string;
  readonly client_id: string;
  readonly api_key: string;
  /** The total deadline of one send or look, in milliseconds: user, payout method and batch together. */
  readonly timeout_ms: number;
}

const MEMBERS = ['base_url', 'client_id', 'api_key', 'timeout_ms'] as const;

/** The config of a `dots` connector with its defaults, or every fault of it at once. */
export const parseDotsConfig = (
  config: unknown,
  options: WireOptions,
): { readonly config: DotsConfig } | { readonly faults: readonly ConfigFault[] } =>
  readConfig(config, { called: 'a dots', members: MEMBERS, options }, (reader) => ({
    base_url: reader.baseUrl(),
    client_id: reader.credential('client_id'),
    api_key: reader.credential('api_key'),
    timeout_ms: reader.timeout_ms(),
  }));
