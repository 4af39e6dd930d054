import type { Configuration } from './configuration.js';
import { type Values, type Variable, type VariableName, variables } from './variables.js';

/** The environment can not be used. The message names every fault, one a line. */
export class ConfigurationError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['the configuration can not be used:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
  }
}

/** The configuration as far as the environment says it: null is what the embedded PostgreSQL will bring. */
export type WrittenConfiguration = Omit<Configuration, 'databaseUrl' | 'operatorKey' | 'encryptionKeys'> & {
  readonly [Name in 'databaseUrl' | 'operatorKey' | 'encryptionKeys']: Configuration[Name] | null;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** A call may start until its deadline before the end of the lease; this is what is left for starting and settling it. */
const LEASE_MARGIN_S = 30;
const MIB = 1024 * 1024;
const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** @throws ConfigurationError naming every fault at once. */
export function readConfiguration(environment: Environment): WrittenConfiguration {
  const faults: string[] = [];
  const values = readValues(environment, faults);
  faults.push(...contradictionsIn(values));
  if (faults.length > 0) throw new ConfigurationError(faults);
  return toConfiguration(values as Values);
}

/** The values that can be read; what can not is a fault and left out. */
function readValues(environment: Environment, faults: string[]): Partial<Values> {
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const [name, variable] of Object.entries(variables) as [VariableName, Variable<unknown>][]) {
    const written = environment[name]?.trim();
    const text = written === '' && variable.emptyCounts !== true ? undefined : written;
    try {
      const given = text ?? variable.default;
      values[name] = given === null ? null : variable.parse(given);
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}`);
    }
  }
  return values as Partial<Values>;
}

/** What is wrong between values that can each be read. */
function contradictionsIn(values: Partial<Values>): string[] {
  const faults: string[] = [];
  // A DATABASE_URL that can not be read is one all the same: whoever set it brings their own secrets.
  if (values.DATABASE_URL !== null) {
    for (const name of ['OPERATOR_KEY', 'ENCRYPTION_KEYS'] as const) {
      if (values[name] === null)
        faults.push(`${name} must be set with DATABASE_URL (it is only made for the embedded PostgreSQL)`);
    }
  }
  if (values.DATABASE_URL === null && values.DATABASE_API_URL != null)
    faults.push('DATABASE_API_URL goes with DATABASE_URL (the embedded PostgreSQL has one of its own)');
  const { LEASE_S: lease, WEBHOOK_TIMEOUT_S: timeout } = values;
  if (lease !== undefined && timeout !== undefined && lease <= timeout + LEASE_MARGIN_S) {
    faults.push(
      `LEASE_S must be more than WEBHOOK_TIMEOUT_S + ${LEASE_MARGIN_S} = ${timeout + LEASE_MARGIN_S}: a claim must outlive the call it is for`,
    );
  }
  if (values.ARCHIVE_DIR !== null && values.EVENTS_RETENTION_DAYS === null)
    faults.push('ARCHIVE_DIR needs EVENTS_RETENTION_DAYS: without it nothing is removed, and nothing archived');
  const { HEADERS_TIMEOUT_S: headers, REQUEST_TIMEOUT_S: request } = values;
  if (headers !== undefined && request !== undefined && headers > request)
    faults.push('HEADERS_TIMEOUT_S must not be more than REQUEST_TIMEOUT_S: the headers are a part of the request');
  return faults;
}

function toConfiguration(values: Values): WrittenConfiguration {
  const databaseIsEmbedded = values.DATABASE_URL === null;
  const sandbox = values.SANDBOX ?? databaseIsEmbedded;
  return {
    port: values.PORT,
    host: values.HOST,
    databaseUrl: values.DATABASE_URL,
    databaseApiUrl: values.DATABASE_API_URL,
    databaseIsEmbedded,
    dataDir: values.DATA_DIR,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    roles: values.ROLES,
    sandbox,
    operatorKey: values.OPERATOR_KEY,
    encryptionKeys: values.ENCRYPTION_KEYS,
    webhookAllowCidrs: values.WEBHOOK_ALLOW_CIDRS ?? (sandbox ? LOOPBACK : []),
    webhookProxyUrl: values.WEBHOOK_PROXY_URL,
    webhookRetrySchedule_s: values.WEBHOOK_RETRY_SCHEDULE,
    webhookTimeout_s: values.WEBHOOK_TIMEOUT_S,
    webhookHeld_days: values.WEBHOOK_HELD_DAYS,
    unclaimed_days: values.UNCLAIMED_DAYS,
    payoutLink_days: values.PAYOUT_LINK_DAYS,
    eventsRetention_days: values.EVENTS_RETENTION_DAYS,
    receiversRetention_days: values.RECEIVERS_RETENTION_DAYS,
    archiveDir: values.ARCHIVE_DIR,
    lease_s: values.LEASE_S,
    quarantine: values.QUARANTINE,
    drainTimeout_s: values.DRAIN_TIMEOUT_S,
    headersTimeout_s: values.HEADERS_TIMEOUT_S,
    requestTimeout_s: values.REQUEST_TIMEOUT_S,
    rateLimitPerSecond: values.RATE_LIMIT_PER_SECOND,
    addressRateLimitPerSecond: values.ADDRESS_RATE_LIMIT_PER_SECOND,
    guessRateLimitPerSecond: values.GUESS_RATE_LIMIT_PER_SECOND,
    bodyMemory_bytes: values.BODY_MEMORY_MIB * MIB,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    publicUrl: values.PUBLIC_URL,
    paypalTokenTtl_s: values.PAYPAL_TOKEN_TTL_S,
    maxBulkItems: values.MAX_BULK_ITEMS,
    traces:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === null
        ? null
        : {
            endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
            headers: values.OTEL_EXPORTER_OTLP_HEADERS ?? {},
            ratio: values.OTEL_TRACES_SAMPLER_ARG,
          },
    logLevel: values.LOG_LEVEL,
  };
}
