import { describe, expect, it } from '@jest/globals';
import { Sealer } from '../../platform/crypto/index.js';
import { newSigningSecret } from './signing-keys.js';
import { endpointSecretsPlace, openSecrets, rotateSecrets, sealSecrets, secretsAt } from './signing-secrets.js';

const now = new Date('2026-11-21T12:00:00Z');
const sealer = new Sealer([{ id: 'test', bytes: Buffer.alloc(32, 7) }], Buffer.alloc(32, 5));

describe('signing secrets', () => {
  it('are 32 bytes in standard base64', () => {
    const secret = newSigningSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSigningSecret()).not.toBe(secret);
  });

  it('sign no longer than their grace', () => {
    const secrets = [
      { secret: 'current', expires_at: null },
      { secret: 'in grace', expires_at: '2026-11-21T12:00:01Z' },
      { secret: 'ended', expires_at: '2026-11-21T12:00:00Z' },
    ];
    expect(secretsAt(secrets, now)).toEqual(['current', 'in grace']);
  });

  it('open at their own place only, and show nothing while sealed', () => {
    const sealed = sealSecrets(sealer, [{ secret: 'whsec_x', expires_at: null }], endpointSecretsPlace('a'));
    expect(sealed.includes('whsec_')).toBe(false);
    expect(openSecrets(sealer, sealed, endpointSecretsPlace('a'))).toEqual([{ secret: 'whsec_x', expires_at: null }]);
    expect(() => openSecrets(sealer, sealed, endpointSecretsPlace('b'))).toThrow();
  });

  it('are rotated with a grace for the replaced one, which a further rotation does not lengthen', () => {
    const first = rotateSecrets([{ secret: 'a', expires_at: null }], { fresh: ['b'], now, grace_s: 60 });
    expect(first).toEqual([
      { secret: 'b', expires_at: null },
      { secret: 'a', expires_at: '2026-11-21T12:01:00.000Z' },
    ]);
    const second = rotateSecrets(first, { fresh: ['c'], now, grace_s: 3600 });
    expect(second.map(({ expires_at }) => expires_at)).toEqual([null, '2026-11-21T13:00:00.000Z', '2026-11-21T12:01:00.000Z']);
    expect(rotateSecrets(first, { fresh: ['c'], now, grace_s: 0 }).map(({ secret }) => secret)).toEqual(['c', 'a']);
  });
});
