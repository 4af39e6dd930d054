import { describe, expect, it } from '@jest/globals';
import { readConfiguration } from '../platform/config/index.js';
import { judgeConfiguration, type Machine } from './judge-configuration.js';
import { type EngineFacts, judgeEngine } from './judge-engine.js';
import { judgeServer, type ServerFacts } from './judge-server.js';

const NOW = new Date('2026-12-01T09:00:00Z');
const KEY = `k1:${Buffer.alloc(32).toString('base64')}`;
const WRITTEN = {
  DATABASE_URL: 'postgres://tranche@db.internal/tranche',
  DATABASE_API_URL: 'postgres://tranche_api@db.internal/tranche',
  OPERATOR_KEY: '0123456789abcdef0123456789abcdef',
  ENCRYPTION_KEYS: KEY,
};
const SERVER: ServerFacts = {
  version: '18.1',
  version_number: 180_001,
  superuser: false,
  now: NOW,
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  autovacuum: 'on',
  data_checksums: 'on',
  archive_mode: 'on',
  archiving_fails: false,
  connections_used: 0.3,
  oldest_transaction_s: 0,
  prepared_transactions: 0,
  idle_slots: [],
  transaction_id_age: 1_000,
};
const ENGINE: EngineFacts = {
  paused: null,
  quarantined: false,
  connectors_paused: [],
  connectors_broken: [],
  sandboxes: [],
  merchants_paused: 0,
  merchants_without_connector: 0,
  due: 0,
  lateness_s: 0,
  workers: 2,
  unknown: 0,
  needs_review: 0,
  stray_payments: 0,
  books_behind: [],
  oldest_delivery_s: 0,
  endpoints_disabled: 0,
  jobs_failed: [],
  jobs_late: [],
  keys_needed: ['k1'],
};

const ofConfiguration = (change: Record<string, string>, machine: Partial<Machine> = {}) =>
  judgeConfiguration(readConfiguration({ ...WRITTEN, ...change }), { disks: [], openFilesMax: null, ...machine });
const ofServer = (change: Partial<ServerFacts>) => judgeServer({ ...SERVER, ...change }, { embedded: false, now: NOW });
const ofEngine = (change: Partial<EngineFacts>) => judgeEngine({ ...ENGINE, ...change }, { sandbox: false, keyIds: ['k1'] });

it('the doctor finds nothing where nothing is wrong', () => {
  expect([...ofConfiguration({}), ...ofServer({}), ...ofEngine({})]).toEqual([]);
});

describe('the doctor finds', () => {
  it.each<[string, Record<string, string>, string]>([
    ['an operator key that can be guessed', { OPERATOR_KEY: 'changeme' }, 'fault'],
    ['one that only looks long', { OPERATOR_KEY: 'a'.repeat(40) }, 'fault'],
    ['a sandbox in production', { SANDBOX: 'true', WEBHOOK_ALLOW_CIDRS: '' }, 'warning'],
    ['a public address', { HOST: '0.0.0.0' }, 'warning'],
    ['one login for the engine and for merchants', { DATABASE_API_URL: '' }, 'warning'],
    ['webhooks that may go inside', { WEBHOOK_ALLOW_CIDRS: '10.0.0.0/8' }, 'warning'],
    ['a quarantine at each start', { QUARANTINE: 'true' }, 'warning'],
  ])('%s', (_, change, severity) => {
    expect(ofConfiguration(change).map((found) => found.severity)).toEqual([severity]);
  });

  it('nothing wrong with one login where no merchant is served', () => {
    expect(ofConfiguration({ DATABASE_API_URL: '', ROLES: 'worker' })).toEqual([]);
  });

  it('a disk that is full, or can not be written', () => {
    const disks = [
      { path: '/archive', freeRatio: 0.03 },
      { path: '/data', freeRatio: null },
      { path: '/roomy', freeRatio: 0.5 },
    ];
    const found = ofConfiguration({}, { disks });
    expect(found.map(({ says }) => says)).toEqual(['The disk of /archive has 3 % left.', '/data can not be written.']);
  });

  it('too few files that a process may have open', () => {
    expect(ofConfiguration({}, { openFilesMax: 1024 }).map(({ severity }) => severity)).toEqual(['warning']);
    expect(ofConfiguration({}, { openFilesMax: 65_536 })).toEqual([]);
  });

  it.each<[Partial<ServerFacts>, string]>([
    [{ version: '14.9', version_number: 140_009 }, 'fault'],
    [{ fsync: 'off' }, 'fault'],
    [{ full_page_writes: 'off' }, 'fault'],
    [{ synchronous_commit: 'off' }, 'fault'],
    [{ autovacuum: 'off' }, 'fault'],
    [{ data_checksums: 'off' }, 'warning'],
    [{ archive_mode: 'off' }, 'warning'],
    [{ archiving_fails: true }, 'fault'],
    [{ superuser: true }, 'warning'],
    [{ now: new Date(NOW.getTime() - 60_000) }, 'fault'],
    [{ connections_used: 0.9 }, 'warning'],
    [{ oldest_transaction_s: 3_600 }, 'fault'],
    [{ prepared_transactions: 1 }, 'fault'],
    [{ idle_slots: ['old_replica'] }, 'warning'],
    [{ transaction_id_age: 1_500_000_000 }, 'fault'],
  ])('of the server %j', (change, severity) => {
    expect(ofServer(change).map((found) => found.severity)).toEqual([severity]);
  });

  it.each<[Partial<EngineFacts>, string]>([
    [{ keys_needed: ['k0', 'k1'] }, 'fault'],
    [{ paused: 'an audit' }, 'warning'],
    [{ quarantined: true }, 'warning'],
    [{ connectors_paused: ['our gateway: 401'] }, 'warning'],
    [{ connectors_broken: ['our gateway'] }, 'warning'],
    [{ sandboxes: ['play'] }, 'warning'],
    [{ merchants_paused: 1 }, 'warning'],
    [{ merchants_without_connector: 3 }, 'warning'],
    [{ due: 5, lateness_s: 300, workers: 0 }, 'fault'],
    [{ unknown: 2 }, 'warning'],
    [{ needs_review: 1 }, 'fault'],
    [{ stray_payments: 1 }, 'fault'],
    [{ books_behind: ['our gateway'] }, 'fault'],
    [{ oldest_delivery_s: 900 }, 'warning'],
    [{ endpoints_disabled: 1 }, 'warning'],
    [{ jobs_failed: ['remove-old-events: no space'] }, 'warning'],
    [{ jobs_late: ['reconcile-connectors'] }, 'fault'],
  ])('of the engine %j', (change, severity) => {
    expect(ofEngine(change).map((found) => found.severity)).toEqual([severity]);
  });

  it('nothing of how the embedded server is installed', () => {
    const installed = { superuser: true, archive_mode: 'off', data_checksums: 'off' };
    expect(judgeServer({ ...SERVER, ...installed }, { embedded: true, now: NOW })).toEqual([]);
  });
});
