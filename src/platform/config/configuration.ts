import type { EncryptionKey } from '../crypto/index.js';

export type Role = 'api' | 'worker';

/** Everything the environment can say, read once, typed, with units in the names. */
export interface Configuration {
  readonly port: number;
  readonly host: string;
  readonly databaseUrl: string;
  /** A login of its own for what is done on behalf of merchants; null: that of `databaseUrl`, in another role. */
  readonly databaseApiUrl: string | null;
  /** The engine brought its own PostgreSQL under `dataDir`: what it has to remember, it may keep there too. */
  readonly databaseIsEmbedded: boolean;
  readonly dataDir: string;
  readonly databasePoolSize: number;
  readonly roles: ReadonlySet<Role>;
  readonly sandbox: boolean;
  readonly operatorKey: string;
  /** The first seals, all of them open. */
  readonly encryptionKeys: readonly [EncryptionKey, ...EncryptionKey[]];
  readonly webhookAllowCidrs: readonly string[];
  /** Null: none. May carry a password. */
  readonly webhookProxyUrl: string | null;
  readonly webhookRetrySchedule_s: readonly number[];
  readonly webhookTimeout_s: number;
  readonly webhookHeld_days: number;
  readonly unclaimed_days: number;
  readonly payoutLink_days: number;
  /** Null: for ever. */
  readonly eventsRetention_days: number | null;
  /** After so many days at rest a receiver is forgotten. Null: never. */
  readonly receiversRetention_days: number | null;
  /** Null: what is removed is written nowhere. */
  readonly archiveDir: string | null;
  readonly lease_s: number;
  /** Starts with sending off, because the database may have lost commits. */
  readonly quarantine: boolean;
  readonly drainTimeout_s: number;
  /** Until the headers of a request have to be here. */
  readonly headersTimeout_s: number;
  /** Until the whole request has to be here. */
  readonly requestTimeout_s: number;
  /** Of each key; 0 = off. The burst is ten times of it, as of the two below. */
  readonly rateLimitPerSecond: number;
  /** Of each address, with any key or none; 0 = off. */
  readonly addressRateLimitPerSecond: number;
  /** Of each address without a valid key; 0 = off. */
  readonly guessRateLimitPerSecond: number;
  /** All bodies that are read or worked on at once. */
  readonly bodyMemory_bytes: number;
  /** Networks of the proxies whose X-Forwarded-For says who sent a request. */
  readonly trustedProxies: readonly string[];
  /** Where links begin, without a slash at the end; null: with the host that was asked. */
  readonly publicUrl: string | null;
  readonly paypalTokenTtl_s: number;
  readonly maxBulkItems: number;
  /** Where spans are told, with what headers, and of which part of the bulks; null: nowhere. */
  readonly traces: {
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly ratio: number;
  } | null;
  readonly logLevel: LogLevel;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an operator may raise MAX_BULK_ITEMS to: no request about one bulk names more payouts. */
export const BULK_ITEMS_MAX = 15_000;

/** Injection token of the configuration. */
export const CONFIGURATION = Symbol('CONFIGURATION');
