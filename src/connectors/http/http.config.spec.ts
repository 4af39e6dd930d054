import { describe, expect, it } from '@jest/globals';
import { callLimitsOf } from '../connector.js';
import { parseHttpConfig } from './http.config.js';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const GOOD = { base_url: 'https://gateway.example/v1', token: 'token' };
const parse = (config: unknown, sandboxMode = false) => parseHttpConfig(config, { sandboxMode, timeoutMax_ms: 30_000 });

function pointersOf(config: unknown): string[] {
  const parsed = parse(config);
  return 'faults' in parsed ? parsed.faults.map(({ pointer }) => pointer) : [];
}

describe('the config of an http connector', () => {
  it('has the defaults of the contract', () => {
    expect(parse(GOOD)).toEqual({
      config: { ...GOOD, timeout_ms: 10_000, key_retention_hours: 24, stale_window_ms: 60_000, notification_secret: null },
    });
  });

  it('names every fault at once', () => {
    const config = {
      base_url: 'ftp://x',
      token: '',
      timeout_ms: 0,
      key_retention_hours: '24',
      stale_window_ms: -1,
      notification_secret: 'x',
      'a/b': 1,
    };
    expect(pointersOf(config).sort()).toEqual(
      ['/a~1b', '/base_url', '/key_retention_hours', '/notification_secret', '/stale_window_ms', '/timeout_ms', '/token'].sort(),
    );
  });

  it.each([null, undefined, 'x', 7, []])('has to be an object, and %j is none', (config) => {
    expect(pointersOf(config)).toEqual(['']);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:8080/v1', 'http://127.9.9.9', 'http://0x7f.1'])(
    'takes http on loopback: %s',
    (base_url) => {
      expect(pointersOf({ ...GOOD, base_url })).toEqual([]);
    },
  );

  it.each([
    'http://gateway.example',
    'http://10.0.0.1',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'http://0.0.0.0',
  ])('refuses http elsewhere, but in sandbox mode: %s', (base_url) => {
    expect(pointersOf({ ...GOOD, base_url })).toEqual(['/base_url']);
    expect(parse({ ...GOOD, base_url }, true)).toHaveProperty('config');
  });

  it.each(['https://api-m.paypal.com', 'https://API.paypal.com:443/', 'https://api.dots.dev./api/v2'])(
    'refuses in sandbox mode where money is real: %s',
    (base_url) => {
      expect(parse({ ...GOOD, base_url }, true)).toMatchObject({ faults: [{ pointer: '/base_url' }] });
      expect(parse({ ...GOOD, base_url })).toHaveProperty('config');
    },
  );

  it.each([
    'https://u:p@gateway.example',
    'https://gateway.example/?a=b',
    'https://gateway.example/#a',
    'gateway.example',
    '',
    7,
    undefined,
  ])('refuses the base URL %j', (base_url) => {
    expect(pointersOf({ ...GOOD, base_url })).toEqual(['/base_url']);
  });

  it.each(['', 'with space', 'line\nbreak', 'ümlaut', 7, undefined, null])(
    'refuses the token %j, which no header can carry',
    (token) => {
      expect(pointersOf({ ...GOOD, token })).toEqual(['/token']);
    },
  );

  it('refuses a call that takes more than half of a lease: it would start seldom or never', () => {
    const parseUnder = (lease_s: number, timeout_ms: number) =>
      parseHttpConfig({ ...GOOD, timeout_ms }, { sandboxMode: false, ...callLimitsOf(lease_s) });
    expect(parseUnder(32, 16_000)).toHaveProperty('config.timeout_ms', 16_000);
    const detail = 'must be a whole number from 1 to 16000, at most half of LEASE_S';
    expect(parseUnder(32, 16_001)).toEqual({ faults: [{ pointer: '/timeout_ms', detail }] });
    // Long leases are no reason for calls that hold a place for minutes.
    expect(parseUnder(600, 30_001)).toHaveProperty('faults');
  });

  it('never repeats a secret in a fault', () => {
    const parsed = parse({ ...GOOD, token: 'very secret', notification_secret: 'whsec_secret!' });
    expect(JSON.stringify(parsed)).not.toMatch(/very secret|whsec_secret/);
  });

  it.each([
    [SECRET, true],
    [`whsec_${Buffer.alloc(24, 255).toString('base64')}`, true],
    [null, true],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, false],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, false],
    [`whsec_${Buffer.alloc(32, 255).toString('base64url')}`, false],
    [SECRET.slice('whsec_'.length), false],
    ['', false],
  ])('reads the notification secret %j: %s', (notification_secret, good) => {
    expect(pointersOf({ ...GOOD, notification_secret })).toEqual(good ? [] : ['/notification_secret']);
  });

  it('is without the slash at the end of the base URL', () => {
    expect(parse({ ...GOOD, base_url: 'https://gateway.example/v1/' })).toMatchObject({
      config: { base_url: 'https://gateway.example/v1' },
    });
  });
});
