import type { ConfigFault } from '../connector.js';
import { readConfig, type WireOptions } from '../wire/config-reader.js';

export interface HttpConfig {
  readonly base_url: string;
  readonly token: string;
  readonly timeout_ms: number;
  readonly key_retention_hours: number;
  readonly stale_window_ms: number;
  /** Null: the provider sends no notifications. */
  readonly notification_secret: string | null;
}

const MEMBERS = ['base_url', 'token', 'timeout_ms', 'key_retention_hours', 'stale_window_ms', 'notification_secret'] as const;
const RETENTION_DEFAULT_HOURS = 24;
const RETENTION_MAX_HOURS = 8_760;
const STALE_WINDOW_DEFAULT_MS = 60_000;
const STALE_WINDOW_MAX_MS = 86_400_000;
/** Standard Webhooks: a secret has 24 to 64 bytes. */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

/** The config of an `http` connector with its defaults, or every fault of it at once. */
export const parseHttpConfig = (
  config: unknown,
  options: WireOptions,
): { readonly config: HttpConfig } | { readonly faults: readonly ConfigFault[] } =>
  readConfig(config, { called: 'an http', members: MEMBERS, options }, (reader) => ({
    base_url: reader.baseUrl(),
    token: reader.credential('token'),
    timeout_ms: reader.timeout_ms(),
    // A part of an hour is allowed for providers that forget early, and for tests.
    key_retention_hours: reader.number('key_retention_hours', {
      default: RETENTION_DEFAULT_HOURS,
      min: 0.001,
      max: RETENTION_MAX_HOURS,
      whole: false,
    }),
    stale_window_ms: reader.number('stale_window_ms', {
      default: STALE_WINDOW_DEFAULT_MS,
      min: 0,
      max: STALE_WINDOW_MAX_MS,
      whole: true,
    }),
    notification_secret: reader.optional('notification_secret', secretFault),
  }));

function secretFault(value: unknown): string | null {
  const base64 = typeof value === 'string' && value.startsWith('whsec_') ? value.slice('whsec_'.length) : '';
  const bytes = Buffer.from(base64, 'base64');
  const fits = bytes.length >= SECRET_BYTES_MIN && bytes.length <= SECRET_BYTES_MAX && bytes.toString('base64') === base64;
  return fits
    ? null
    : `must be whsec_ followed by the standard base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} random bytes`;
}
