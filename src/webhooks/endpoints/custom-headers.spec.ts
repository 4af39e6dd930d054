import { describe, expect, it } from '@jest/globals';
import { Sealer } from '../../platform/crypto/index.js';
import { findingsOfHeaders, openHeaders, sealHeaders } from './custom-headers.js';

const sealer = new Sealer([{ id: 'test', bytes: Buffer.alloc(32, 7) }], Buffer.alloc(32, 5));
const faultsOf = (headers: unknown): string[] => findingsOfHeaders(headers).map(({ pointer, code }) => `${pointer} ${code}`);

describe('headers of an endpoint', () => {
  it('are those that a gateway in front of a receiver asks for', () => {
    expect(
      faultsOf({
        Authorization: 'Bearer a.b-c_d/e+f=',
        'api-key': 'k',
        'CF-Access-Client-Id': 'id.access',
        'CF-Access-Client-Secret': 'secret',
        'X-Tenant': 'two words',
      }),
    ).toEqual([]);
    expect(faultsOf({})).toEqual([]);
  });

  it.each([
    ...[
      'Host',
      'Connection',
      'Keep-Alive',
      'Proxy-Authorization',
      'Proxy-Connection',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
    ],
    ...[
      'Content-Length',
      'Content-Type',
      'Content-Encoding',
      'Expect',
      'Accept',
      'Accept-Encoding',
      'User-Agent',
      'Cookie',
      'Date',
    ],
    ...['webhook-id', 'Webhook-Timestamp', 'webhook-signature', 'svix-id', 'Forwarded', 'Via', 'Range', 'If-Match', '__proto__'],
    ...[
      'X-Forwarded-For',
      'x-forwarded-host',
      'X-Real-IP',
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-HTTP-Method-Override',
      'X-Accel-Redirect',
    ],
  ])('are not %s', (name) => {
    expect(faultsOf(JSON.parse(`{"${name}": "value"}`))).toEqual([`/headers/${name} forbidden_header`]);
  });

  it.each([
    ['a line end', 'a\r\nInjected: b'],
    ['a tab', 'a\tb'],
    ['NUL', 'a\0'],
    ['letters beyond ASCII', 'é'],
    ['nothing', ''],
    ['space around', ' a'],
    ['too much', 'a'.repeat(501)],
    ['a number', 7],
    ['null', null],
  ])('refuse %s as a value, and do not repeat it', (_, value) => {
    const findings = findingsOfHeaders({ 'X-Key': value });
    expect(findings).toMatchObject([{ pointer: '/headers/X-Key', code: 'invalid_field' }]);
    if (typeof value === 'string' && value.trim().length > 1) expect(JSON.stringify(findings)).not.toContain(value);
  });

  it('refuse what is no name, what is given twice, and more than ten', () => {
    expect(faultsOf({ 'X-Key:': 'a', 'X Key': 'a', '': 'a', 'X-\n': 'a', 'x/~': 'a', [`X-${'k'.repeat(63)}`]: 'a' })).toEqual([
      '/headers/X-Key: invalid_field',
      '/headers/X Key invalid_field',
      '/headers/ invalid_field',
      '/headers/X-\n invalid_field',
      '/headers/x~1~0 invalid_field',
      `/headers/X-${'k'.repeat(63)} invalid_field`,
    ]);
    expect(faultsOf({ 'X-Key': 'a', 'x-key': 'b' })).toEqual(['/headers/x-key invalid_field']);
    expect(faultsOf(Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`X-${n}`, 'a'])))).toEqual([
      '/headers invalid_field',
    ]);
    for (const headers of [null, [], 'X-Key: a', 7]) expect(faultsOf(headers)).toEqual(['/headers invalid_field']);
  });

  it('are sealed for their endpoint, with their names in clear', () => {
    const kept = sealHeaders(sealer, { Authorization: 'Bearer secret' }, 'one');
    expect(kept.header_names).toEqual(['Authorization']);
    expect(kept.headers?.includes('secret')).toBe(false);
    expect(openHeaders(sealer, kept.headers!, 'one')).toEqual({ Authorization: 'Bearer secret' });
    expect(() => openHeaders(sealer, kept.headers!, 'two')).toThrow();
    expect(sealHeaders(sealer, {}, 'one')).toEqual({ headers: null, header_names: null });
  });
});
