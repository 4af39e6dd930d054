import { pointerTo } from '../../platform/http/index.js';
import { isObject, type JsonMembers } from '../../platform/json/index.js';
import type { CallLimits, ConfigFault } from '../connector.js';

export interface WireOptions extends CallLimits {
  /** http to any address, not to loopback alone, and nothing to where money is real. */
  readonly sandboxMode: boolean;
}

export interface NumberLimits {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Where the limit comes from, behind the sentence. */
  readonly because?: string;
}

/** Of the providers that a connector is made for: a key of the sandbox mode (`tr_test_…`) must not reach them. */
const LIVE_HOSTS = new Set(['api-m.paypal.com', 'api.paypal.com', 'api.dots.dev']);

const TIMEOUT_DEFAULT_MS = 10_000;

/**
 * The config of a connector with its defaults, or every fault of it at once. @param members all that it may have, those first
 * that it must have.
 */
export function readConfig<Config>(
  config: unknown,
  { called, members, options }: { called: string; members: readonly [string, string, ...string[]]; options: WireOptions },
  read: (reader: ConfigReader) => Config,
): { readonly config: Config } | { readonly faults: readonly ConfigFault[] } {
  if (!isObject(config)) {
    return { faults: [{ pointer: '', detail: `must be an object with ${members[0]} and ${members[1]}` }] };
  }
  const reader = new ConfigReader(config, options);
  for (const member of Object.keys(config)) {
    if (!members.includes(member))
      reader.faults.push({ pointer: pointerTo('', member), detail: `is not a member of ${called} config` });
  }
  const parsed = read(reader);
  return reader.faults.length > 0 ? { faults: reader.faults } : { config: parsed };
}

/** Reads what every connector to a provider's HTTP is configured with. What it gives for a faulty member is not to be used. */
export class ConfigReader {
  readonly faults: ConfigFault[] = [];

  constructor(
    private readonly given: JsonMembers,
    private readonly options: WireOptions,
  ) {}

  /** Where the provider's routes stand, without a slash at the end. */
  baseUrl(): string {
    const value = this.given['base_url'];
    this.note('base_url', baseUrlFault(value, this.options.sandboxMode));
    return typeof value === 'string' ? value.replace(/\/+$/, '') : '';
  }

  /** The total deadline of one call. */
  timeout_ms(): number {
    const max = this.options.timeoutMax_ms;
    return this.number('timeout_ms', {
      default: TIMEOUT_DEFAULT_MS,
      min: 1,
      max,
      whole: true,
      because: ', at most half of LEASE_S',
    });
  }

  /** What may stand in a header: visible ASCII. */
  credential(member: string): string {
    const value = this.given[member];
    const fits = typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value);
    this.note(member, fits ? null : 'must be a string of 1 to 4096 visible ASCII characters without spaces');
    return fits ? value : '';
  }

  number(member: string, limits: NumberLimits): number {
    const value = this.given[member] ?? limits.default;
    const { min, max, whole, because = '' } = limits;
    if (typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    this.note(member, `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}${because}`);
    return limits.default;
  }

  /** A member that may be absent, by the type's own rule. @param faultOf what is wrong with it; null: nothing. */
  optional(member: string, faultOf: (value: unknown) => string | null): string | null {
    const value = this.given[member] ?? null;
    if (value !== null) this.note(member, faultOf(value));
    return value as string | null;
  }

  private note(member: string, detail: string | null): void {
    if (detail !== null) this.faults.push({ pointer: `/${member}`, detail });
  }
}

function baseUrlFault(value: unknown, sandboxMode: boolean): string | null {
  const url = typeof value === 'string' ? urlOf(value) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'must be an absolute https URL';
  if (url.username !== '' || url.password !== '')
    return 'must have no user name or password; credentials have members of their own';
  if (url.search !== '' || url.hash !== '') return 'must have no query and no fragment';
  if (url.protocol === 'http:' && !sandboxMode && !isLoopback(url.hostname)) {
    return 'must be https, because account data is sent; http is for loopback addresses and the sandbox mode';
  }
  if (sandboxMode && LIVE_HOSTS.has(url.hostname.replace(/\.$/, '')))
    return 'is where money is real, and this is the sandbox mode: name the sandbox of the provider';
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
