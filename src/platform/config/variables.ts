import { BULK_ITEMS_MAX, LOG_LEVELS, type Role } from './configuration.js';
import * as parse from './parsers.js';

/** One environment variable: how it is read, and everything a person has to know about it. */
export interface Variable<Value> {
  /** What one of it is; null where the value has no unit. */
  readonly unit: string | null;
  /** The default as it would be written; null: there is none, and `sentence` says what happens then. */
  readonly default: string | null;
  readonly sentence: string;
  readonly parse: parse.Parser<Value>;
  /** Set but empty is a value of its own, not the same as unset. */
  readonly emptyCounts?: boolean;
}

const variable = <Value, const Default extends string | null>(
  definition: Variable<Value> & { readonly default: Default },
): Variable<Value> & { readonly default: Default } => definition;

const ROLES: readonly Role[] = ['api', 'worker'];
/** 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: a receiver that is down over a long weekend loses nothing. */
const RETRY_SCHEDULE = '5,300,1800,7200,18000,36000,50400,72000,86400';
const A_DAY_S = 86_400;

/** Every variable that Tranche reads. The configuration, the faults at start and `.env.example` come from here. */
export const variables = {
  PORT: variable({
    unit: null,
    default: '3000',
    sentence: 'The port to listen on, in every role; 0 takes any free one.',
    parse: parse.integer(0, 65_535),
  }),
  HOST: variable({
    unit: null,
    default: '127.0.0.1',
    sentence: 'The address to listen on; 0.0.0.0 for all, as in a container.',
    parse: parse.anyText,
  }),
  DATABASE_URL: variable({
    unit: null,
    default: null,
    sentence:
      'PostgreSQL 15 or later; the login owns the tables, or was made a member of tranche_api and tranche_worker. Unset: an embedded PostgreSQL under DATA_DIR.',
    parse: parse.postgresUrl,
  }),
  DATABASE_API_URL: variable({
    unit: null,
    default: null,
    sentence:
      'The same database by a login that is tranche_api alone, for what is done on behalf of merchants. Unset: the login of DATABASE_URL, in that role, which it could leave.',
    parse: parse.postgresUrl,
  }),
  DATABASE_POOL_SIZE: variable({
    unit: 'connections',
    default: '12',
    sentence: 'Connections of each process; more than 16 only cost the server.',
    parse: parse.integer(4, 200),
  }),
  DATA_DIR: variable({
    unit: null,
    default: '.data',
    sentence: 'Where the embedded PostgreSQL and what was made for it (keys) lie.',
    parse: parse.anyText,
  }),
  ROLES: variable({
    unit: null,
    default: 'api,worker',
    sentence: 'What this process does: api (the HTTP interface), worker (validates, pays, delivers), or both.',
    parse: (text) => new Set<Role>(parse.listOf(parse.oneOf(ROLES))(text)),
  }),
  SANDBOX: variable({
    unit: null,
    default: null,
    sentence:
      'Whether merchants without a connector pay through the sandbox. Unset: true with the embedded PostgreSQL, else false.',
    parse: parse.boolean,
  }),
  OPERATOR_KEY: variable({
    unit: null,
    default: null,
    sentence: 'The bearer token of /v1/operator. Unset: made once with the embedded PostgreSQL, else refused.',
    parse: parse.operatorKey,
  }),
  ENCRYPTION_KEYS: variable({
    unit: null,
    default: null,
    sentence:
      'Keys for account data and secrets: id:base64 of 32 bytes, comma separated, the first is current. Unset: made once with the embedded PostgreSQL, else refused.',
    parse: parse.encryptionKeys,
  }),
  WEBHOOK_ALLOW_CIDRS: variable({
    unit: null,
    default: null,
    emptyCounts: true,
    sentence:
      'Networks inside which webhooks may go to any port and by http. Unset: 127.0.0.0/8,::1/128 in sandbox mode, else none; set but empty: none.',
    parse: (text) => (text === '' ? [] : parse.listOf(parse.cidr)(text)),
  }),
  WEBHOOK_PROXY_URL: variable({
    unit: null,
    default: null,
    sentence:
      'An http(s) proxy through which every webhook goes (CONNECT, by vetted address). Unset: none; HTTP_PROXY and its kind never count.',
    parse: parse.proxyUrl,
  }),
  WEBHOOK_RETRY_SCHEDULE: variable({
    unit: 'seconds',
    default: RETRY_SCHEDULE,
    sentence: 'The waits between the attempts of one webhook delivery, comma separated, each with 20 % jitter.',
    parse: parse.listOf(parse.seconds(0, 7 * A_DAY_S)),
  }),
  WEBHOOK_TIMEOUT_S: variable({
    unit: 'seconds',
    default: '15',
    sentence: 'The total deadline of one webhook call.',
    parse: parse.seconds(0.1, 300),
  }),
  WEBHOOK_HELD_DAYS: variable({
    unit: 'days',
    default: '30',
    sentence: 'How long the events of a disabled webhook endpoint are kept for the day it is enabled.',
    parse: parse.integer(1, 3_650),
  }),
  UNCLAIMED_DAYS: variable({
    unit: 'days',
    default: '30',
    sentence: 'How long a provider is left to hold money for a receiver whom it does not know; then it is taken back.',
    parse: parse.integer(1, 3_650),
  }),
  PAYOUT_LINK_DAYS: variable({
    unit: 'days',
    default: '30',
    sentence: 'How long a payout link can be claimed; then it has expired. A change counts for links that are made after it.',
    parse: parse.integer(1, 3_650),
  }),
  EVENTS_RETENTION_DAYS: variable({
    unit: 'days',
    default: null,
    sentence:
      'Removes events of payouts and bulks at rest, with their deliveries, once they are older. Unset: everything is kept for ever.',
    parse: parse.integer(1, 36_500),
  }),
  RECEIVERS_RETENTION_DAYS: variable({
    unit: 'days',
    default: null,
    sentence:
      'Erases account and billing data of receivers once nothing has happened to any payout of theirs for so long. Unset: it is kept for ever.',
    parse: parse.integer(1, 36_500),
  }),
  ARCHIVE_DIR: variable({
    unit: null,
    default: null,
    sentence:
      'Where workers write what EVENTS_RETENTION_DAYS removes, before it goes, as compressed lines of JSON. Unset: it is gone.',
    parse: parse.anyText,
  }),
  LEASE_S: variable({
    unit: 'seconds',
    default: '60',
    sentence: 'How long a worker owns what it has claimed; must exceed WEBHOOK_TIMEOUT_S by more than 30.',
    parse: parse.seconds(1, 3_600),
  }),
  QUARANTINE: variable({
    unit: null,
    default: 'false',
    sentence:
      'Starts with sending off, after a restore or fail-over that may have lost commits, until the books of every provider have been compared with ours.',
    parse: parse.boolean,
  }),
  DRAIN_TIMEOUT_S: variable({
    unit: 'seconds',
    default: '25',
    sentence:
      'How long a graceful stop may take before the process ends anyhow; what is in flight is then taken over by its lease.',
    parse: parse.seconds(0, 3_600),
  }),
  HEADERS_TIMEOUT_S: variable({
    unit: 'seconds',
    default: '15',
    sentence: 'How long a client may take to send the headers of a request; then it is cut off.',
    parse: parse.seconds(1, 600),
  }),
  REQUEST_TIMEOUT_S: variable({
    unit: 'seconds',
    default: '60',
    sentence: 'How long a client may take to send a whole request; then it is cut off.',
    parse: parse.seconds(1, 3_600),
  }),
  RATE_LIMIT_PER_SECOND: variable({
    unit: 'requests per second',
    default: '100',
    sentence: 'Requests of each key on all processes together, with a burst of ten times of it; 0 turns the limit off.',
    parse: parse.integer(0, 1_000_000),
  }),
  ADDRESS_RATE_LIMIT_PER_SECOND: variable({
    unit: 'requests per second',
    default: '1000',
    sentence:
      'Requests of each address (IPv6: of each /64) on all processes together, whatever keys it uses, with a burst of ten times of it; 0 turns the limit off.',
    parse: parse.integer(0, 1_000_000),
  }),
  GUESS_RATE_LIMIT_PER_SECOND: variable({
    unit: 'requests per second',
    default: '5',
    sentence:
      'Requests of each address that carry no valid key, on all processes together, with a burst of ten times of it; 0 turns the limit off.',
    parse: parse.integer(0, 1_000_000),
  }),
  BODY_MEMORY_MIB: variable({
    unit: 'MiB',
    default: '64',
    sentence:
      'The bytes of all request bodies that a process reads or works on at once, half of them for one key; parsed they take several times that. Over it requests are answered 503.',
    parse: parse.integer(32, 65_536),
  }),
  TRUSTED_PROXIES: variable({
    unit: null,
    default: null,
    sentence:
      'Networks of the proxies in front, comma separated: their X-Forwarded-For names the address that is limited. Unset: nobody is believed, and behind a proxy all requests have one address.',
    parse: parse.listOf(parse.cidr),
  }),
  PUBLIC_URL: variable({
    unit: null,
    default: null,
    sentence:
      'Scheme and host by which others reach the API, like https://payouts.example.com: payout links, and links in answers of the doors, begin with it. Unset: with the Host header of whoever asks.',
    parse: parse.origin,
  }),
  PAYPAL_TOKEN_TTL_S: variable({
    unit: 'seconds',
    default: '32400',
    sentence: 'How long an access token of the PayPal door lives; it ends with its key in any case.',
    parse: parse.integer(1, 86_400 * 7),
  }),
  MAX_BULK_ITEMS: variable({
    unit: 'payouts',
    default: '1000',
    sentence: 'The most payouts that one bulk may have.',
    parse: parse.integer(1, BULK_ITEMS_MAX),
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable({
    unit: null,
    default: null,
    sentence: 'An OpenTelemetry collector (OTLP over HTTP, without /v1/traces) that is told traces. Unset: no traces.',
    parse: parse.httpUrl,
  }),
  OTEL_EXPORTER_OTLP_HEADERS: variable({
    unit: null,
    default: null,
    sentence: 'What the collector wants in headers, as name=value, comma separated.',
    parse: parse.headers,
  }),
  OTEL_TRACES_SAMPLER_ARG: variable({
    unit: null,
    default: '1',
    sentence: 'The part of bulks that are traced, from 0 to 1.',
    parse: parse.ratio,
  }),
  LOG_LEVEL: variable({
    unit: null,
    default: 'info',
    sentence: `How much is logged: ${LOG_LEVELS.join(', ')}.`,
    parse: parse.oneOf(LOG_LEVELS),
  }),
};

export type VariableName = keyof typeof variables;

type ValueOf<Row> = Row extends Variable<infer Value> & { readonly default: infer Default }
  ? Value | (Default extends null ? null : never)
  : never;

/** What each variable says; null where it is unset and has no default of its own. */
export type Values = { readonly [Name in VariableName]: ValueOf<(typeof variables)[Name]> };
