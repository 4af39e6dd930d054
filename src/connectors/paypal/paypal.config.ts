import type { ConfigFault } from '../connector.js';
import { readConfig, type WireOptions } from '../wire/config-reader.js';

export interface PaypalConfig {
  /** `https://api-m.paypal.com`, or that of PayPal's sandbox. */
  readonly base_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** The total deadline of one send or look, in milliseconds: token, call and look at an earlier batch together. */
  readonly timeout_ms: number;
}

const MEMBERS = ['base_url', 'client_id', 'client_secret', 'timeout_ms'] as const;

/** The config of a `paypal` connector with its defaults, or every fault of it at once. */
export const parsePaypalConfig = (
  config: unknown,
  options: WireOptions,
): { readonly config: PaypalConfig } | { readonly faults: readonly ConfigFault[] } =>
  readConfig(config, { called: 'a paypal', members: MEMBERS, options }, (reader) => ({
    base_url: reader.baseUrl(),
    client_id: reader.credential('client_id'),
    client_secret: reader.credential('client_secret'),
    timeout_ms: reader.timeout_ms(),
  }));
