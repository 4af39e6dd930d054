import { describe, expect, it } from '@jest/globals';
import { newWebhookSecret, rotateSecrets } from './webhook-secrets.js';

const now = new Date('2026-11-21T12:00:00.000Z');
const DAY_S = 86_400;

describe('webhook signing secrets', () => {
  it('are 32 bytes in standard base64 behind whsec_', () => {
    const secret = newWebhookSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
  });

  it('keep the replaced one until the grace ends', () => {
    expect(rotateSecrets([{ secret: 'old', expires_at: null }], { fresh: 'new', now, grace_s: DAY_S })).toEqual([
      { secret: 'new', expires_at: null },
      { secret: 'old', expires_at: '2026-11-22T12:00:00.000Z' },
    ]);
  });

  it('never lengthen the life of one that was replaced before, and forget what has ended', () => {
    const secrets = [
      { secret: 'b', expires_at: null },
      { secret: 'a', expires_at: '2026-11-21T12:00:01.000Z' },
      { secret: 'z', expires_at: '2026-11-21T12:00:00.000Z' },
    ];
    expect(
      rotateSecrets(secrets, { fresh: 'c', now, grace_s: DAY_S }).map(({ secret, expires_at }) => [secret, expires_at]),
    ).toEqual([
      ['c', null],
      ['b', '2026-11-22T12:00:00.000Z'],
      ['a', '2026-11-21T12:00:01.000Z'],
    ]);
  });

  it('stop at once with a grace of 0', () => {
    expect(rotateSecrets([{ secret: 'old', expires_at: null }], { fresh: 'new', now, grace_s: 0 })).toEqual([
      { secret: 'new', expires_at: null },
    ]);
  });
});
