import { pointerTo } from '../../platform/http/index.js';
import type { CallLimits, ConfigFault } from '../connector.js';

export interface HttpConfig {
  readonly base_url: string;
  readonly token: string;
  readonly timeout_ms: number;
  readonly key_retention_hours: number;
  readonly stale_window_ms: number;
  /** Null: the provider sends no notifications. */
  readonly notification_secret: string | null;
}

const MEMBERS = new Set(['base_url', 'token', 'timeout_ms', 'key_retention_hours', 'stale_window_ms', 'notification_secret']);
const TIMEOUT_DEFAULT_MS = 10_000;
const RETENTION_DEFAULT_HOURS = 24;
const RETENTION_MAX_HOURS = 8_760;
const STALE_WINDOW_DEFAULT_MS = 60_000;
const STALE_WINDOW_MAX_MS = 86_400_000;
/** Standard Webhooks: a secret has 24 to 64 bytes. */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

export interface HttpOptions extends CallLimits {
  /** The sandbox mode: http to any address, not to loopback alone. */
  readonly plainHttpAnywhere: boolean;
}

/** The config of an `http` connector with its defaults, or every fault of it at once. */
export function parseHttpConfig(
  config: unknown,
  options: HttpOptions,
): { readonly config: HttpConfig } | { readonly faults: readonly ConfigFault[] } {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    return { faults: [{ pointer: '', detail: 'must be an object with base_url and token' }] };
  }
  const given = config as Readonly<Record<string, unknown>>;
  const faults: ConfigFault[] = Object.keys(given)
    .filter((member) => !MEMBERS.has(member))
    .map((member) => ({ pointer: pointerTo('', member), detail: 'is not a member of an http config' }));
  const note = (member: string, detail: string | null): void => {
    if (detail !== null) faults.push({ pointer: `/${member}`, detail });
  };
  const number = (member: string, limits: NumberLimits): number => {
    const value = given[member] ?? limits.default;
    const fits =
      typeof value === 'number' && value >= limits.min && value <= limits.max && (!limits.whole || Number.isInteger(value));
    if (!fits)
      note(member, `must be a ${limits.whole ? 'whole ' : ''}number from ${limits.min} to ${limits.max}${limits.because ?? ''}`);
    return fits ? value : limits.default;
  };

  note('base_url', baseUrlFault(given['base_url'], options.plainHttpAnywhere));
  note('token', tokenFault(given['token']));
  const timeout_ms = number('timeout_ms', {
    default: TIMEOUT_DEFAULT_MS,
    min: 1,
    max: options.timeoutMax_ms,
    whole: true,
    because: ', at most half of LEASE_S',
  });
  // A part of an hour is allowed for providers that forget early, and for tests.
  const key_retention_hours = number('key_retention_hours', {
    default: RETENTION_DEFAULT_HOURS,
    min: 0.001,
    max: RETENTION_MAX_HOURS,
    whole: false,
  });
  const stale_window_ms = number('stale_window_ms', {
    default: STALE_WINDOW_DEFAULT_MS,
    min: 0,
    max: STALE_WINDOW_MAX_MS,
    whole: true,
  });
  note('notification_secret', secretFault(given['notification_secret']));
  if (faults.length > 0) return { faults };
  return {
    config: {
      base_url: (given['base_url'] as string).replace(/\/+$/, ''),
      token: given['token'] as string,
      timeout_ms,
      key_retention_hours,
      stale_window_ms,
      notification_secret: (given['notification_secret'] as string | null | undefined) ?? null,
    },
  };
}

interface NumberLimits {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Where the limit comes from, behind the sentence. */
  readonly because?: string;
}

function baseUrlFault(value: unknown, plainHttpAnywhere: boolean): string | null {
  const url = typeof value === 'string' ? urlOf(value) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'must be an absolute https URL';
  if (url.username !== '' || url.password !== '') return 'must have no user name or password; put the credential into token';
  if (url.search !== '' || url.hash !== '') return 'must have no query and no fragment';
  if (url.protocol === 'http:' && !plainHttpAnywhere && !isLoopback(url.hostname)) {
    return 'must be https, because account data is sent; http is for loopback addresses and the sandbox mode';
  }
  return null;
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** WHATWG URL has written every spelling of an IPv4 address as four decimals by now. */
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** What may stand in a header: visible ASCII. */
const tokenFault = (value: unknown): string | null =>
  typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value)
    ? null
    : 'must be a string of 1 to 4096 visible ASCII characters without spaces';

function secretFault(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const base64 = typeof value === 'string' && value.startsWith('whsec_') ? value.slice('whsec_'.length) : '';
  const bytes = Buffer.from(base64, 'base64');
  const fits = bytes.length >= SECRET_BYTES_MIN && bytes.length <= SECRET_BYTES_MAX && bytes.toString('base64') === base64;
  return fits
    ? null
    : `must be whsec_ followed by the standard base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} random bytes`;
}
