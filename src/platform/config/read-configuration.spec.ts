import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { envExample } from './env-example.js';
import { ConfigurationError, readConfiguration } from './read-configuration.js';
import { variables } from './variables.js';

const KEY = Buffer.alloc(32, 1).toString('base64');
const OWN_DATABASE = { DATABASE_URL: 'postgres://u:p@db/tranche', OPERATOR_KEY: 'an-operator-key', ENCRYPTION_KEYS: `k1:${KEY}` };

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs no variable at all: an embedded database in sandbox mode', () => {
    expect(readConfiguration({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: null,
      databaseApiUrl: null,
      databaseIsEmbedded: true,
      dataDir: '.data',
      databasePoolSize: 12,
      roles: new Set(['api', 'worker']),
      sandbox: true,
      operatorKey: null,
      encryptionKeys: null,
      webhookAllowCidrs: ['127.0.0.0/8', '::1/128'],
      webhookProxyUrl: null,
      webhookRetrySchedule_s: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
      webhookTimeout_s: 15,
      webhookHeld_days: 30,
      unclaimed_days: 30,
      payoutLink_days: 30,
      eventsRetention_days: null,
      receiversRetention_days: null,
      archiveDir: null,
      traces: null,
      lease_s: 60,
      quarantine: false,
      drainTimeout_s: 25,
      headersTimeout_s: 15,
      requestTimeout_s: 60,
      rateLimitPerSecond: 100,
      addressRateLimitPerSecond: 1000,
      guessRateLimitPerSecond: 5,
      bodyMemory_bytes: 64 * 1024 * 1024,
      trustedProxies: [],
      publicUrl: null,
      paypalTokenTtl_s: 32_400,
      maxBulkItems: 1000,
      logLevel: 'info',
    });
  });

  it('is no sandbox and lets webhooks into no private network once a database is given', () => {
    expect(readConfiguration(OWN_DATABASE)).toMatchObject({ sandbox: false, databaseIsEmbedded: false, webhookAllowCidrs: [] });
  });

  it('tells an empty list of allowed networks from none', () => {
    expect(readConfiguration({ WEBHOOK_ALLOW_CIDRS: '' }).webhookAllowCidrs).toEqual([]);
    expect(readConfiguration({ WEBHOOK_ALLOW_CIDRS: '10.0.0.0/8, fd00::/8' }).webhookAllowCidrs).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
    ]);
  });

  it('takes every other variable that is set but empty as unset', () => {
    const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, ' ']));
    expect(readConfiguration({ ...empty, WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8,::1/128' })).toEqual(readConfiguration({}));
  });

  it('refuses to start without secrets of its own on a database of its own', () => {
    expect(faultsOf({ DATABASE_URL: OWN_DATABASE.DATABASE_URL })).toEqual([
      expect.stringMatching(/^OPERATOR_KEY must be set/),
      expect.stringMatching(/^ENCRYPTION_KEYS must be set/),
    ]);
  });

  it('names every fault at once', () => {
    const faults = faultsOf({
      PORT: '70000',
      DATABASE_URL: 'mysql://db',
      DATABASE_POOL_SIZE: 'many',
      ROLES: 'api,boss',
      SANDBOX: 'yes',
      OPERATOR_KEY: 'sh ort',
      WEBHOOK_ALLOW_CIDRS: '10.0.0.1',
      WEBHOOK_RETRY_SCHEDULE: '5,-1',
      WEBHOOK_TIMEOUT_S: '40',
      MAX_BULK_ITEMS: '0',
      LOG_LEVEL: 'loud',
    });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'PORT',
      'DATABASE_URL',
      'DATABASE_POOL_SIZE',
      'ROLES',
      'SANDBOX',
      'OPERATOR_KEY',
      'WEBHOOK_ALLOW_CIDRS',
      'WEBHOOK_RETRY_SCHEDULE',
      'MAX_BULK_ITEMS',
      'LOG_LEVEL',
      'ENCRYPTION_KEYS',
      'LEASE_S',
    ]);
  });

  it.each([
    ['has no id', KEY],
    ['is too short', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['is too long', `k1:${Buffer.alloc(33).toString('base64')}`],
    ['is no base64', `k1:${'!'.repeat(44)}`],
    ['names an id twice', `k1:${KEY},k1:${KEY}`],
  ])('refuses an encryption key that %s, and does not repeat it', (_, keys) => {
    const [fault] = faultsOf({ ...OWN_DATABASE, ENCRYPTION_KEYS: keys });
    expect(fault).toMatch(/^ENCRYPTION_KEYS /);
    expect(fault).not.toContain(KEY);
  });

  it('reads a ring of encryption keys, the current one first', () => {
    const { encryptionKeys } = readConfiguration({ ...OWN_DATABASE, ENCRYPTION_KEYS: `new:${KEY}, old:${KEY}` });
    expect(encryptionKeys?.map(({ id, bytes }) => [id, bytes.length])).toEqual([
      ['new', 32],
      ['old', 32],
    ]);
  });

  it('takes for a public URL a scheme and a host alone', () => {
    expect(readConfiguration({ PUBLIC_URL: 'https://Payouts.example.com:443/' }).publicUrl).toBe('https://payouts.example.com');
    for (const url of [
      'payouts.example.com',
      'ftp://a.example',
      'https://a.example/api',
      'https://me@a.example',
      'https://a.example?',
    ])
      expect(faultsOf({ PUBLIC_URL: url })).toEqual([expect.stringMatching(/^PUBLIC_URL must be/)]);
  });

  it('repeats no secret in a fault', () => {
    const faults = faultsOf({ DATABASE_URL: 'htp://user:hunter2@db', OPERATOR_KEY: 'hunter2', ENCRYPTION_KEYS: 'hunter2' });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain('hunter2');
  });

  it('is what .env.example says (else: `npm run docs`)', async () => {
    expect(await readFile('.env.example', 'utf8')).toBe(envExample());
  });
});
