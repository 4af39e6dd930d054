import type { ConfigFault } from '../connector.js';
import { readConfig, type WireOptions } from '../wire/config-reader.js';

export interface PaypalConfig {
  /** `https://api-m.paypal.com`, or that of PayPal's sandbox. */
  readonly base_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** The total deadline of one send or look, in milliseconds: token, call and look at an earlier batch together. */
  readonly timeout_ms: number;
  /** What PayPal calls the webhook that leads here. Null: nothing is heard of PayPal by itself. */
  readonly webhook_id: string | null;
}

const MEMBERS = ['base_url', 'client_id', 'client_secret', 'timeout_ms', 'webhook_id'] as const;

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
    webhook_id: reader.optional('webhook_id', webhookIdFault),
  }));

/** The form of PayPal's own schema of the question that it is asked in. */
const webhookIdFault = (value: unknown): string | null =>
  typeof value === 'string' && /^[A-Za-z0-9]{1,50}$/.test(value)
    ? null
    : 'must be the id of a webhook: 1 to 50 letters and digits';
