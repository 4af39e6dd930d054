import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Sealer } from './sealer.js';

const sealer = new Sealer([{ id: 'k1', bytes: randomBytes(32) }], randomBytes(32));

describe('a sealer', () => {
  it('uses no nonce twice, however many it seals', () => {
    // Behind the format, the length of the key's id, and the id.
    const nonceOf = (sealed: Buffer): string => sealed.subarray(4, 16).toString('hex');
    const nonces = new Set(Array.from({ length: 3_000 }, () => nonceOf(sealer.seal('the same', 'the same place'))));
    expect(nonces.size).toBe(3_000);
  });

  it('opens what it sealed at its own place only, and nothing that was changed', () => {
    const sealed = Array.from({ length: 600 }, (_, n) => sealer.seal(`text ${n}`, `place ${n}`));
    sealed.forEach((bytes, n) => expect(sealer.open(bytes, `place ${n}`)).toBe(`text ${n}`));
    expect(() => sealer.open(sealed[0]!, 'place 1')).toThrow();
    sealed[0]!.writeUInt8(sealed[0]!.at(-1)! ^ 1, sealed[0]!.length - 1);
    expect(() => sealer.open(sealed[0]!, 'place 0')).toThrow();
  });

  it('opens what lies under a key of its own with that key alone, which a rotation leaves as it is', () => {
    const [key, other] = ['one', 'other'].map((place) => sealer.openKey(sealer.newKey(place), place));
    const sealed = sealer.sealUnder(key!, 'text', 'place');
    expect(sealer.openUnder(key!, sealed, 'place')).toBe('text');
    for (const wrong of [other!, null]) expect(() => sealer.openUnder(wrong, sealed, 'place')).toThrow();
    expect(() => sealer.openUnder(key!, sealed, 'another place')).toThrow();
    expect(() => sealer.open(sealed, 'place')).toThrow();
    const rotated = new Sealer([{ id: 'k2', bytes: randomBytes(32) }], randomBytes(32));
    expect(rotated.resealed(sealed, 'place')).toBeNull();
  });

  it('opens with or without a key what was sealed before there was one', () => {
    const sealed = sealer.seal('text', 'place');
    const key = sealer.openKey(sealer.newKey('one'), 'one');
    expect([key, null].map((given) => sealer.openUnder(given, sealed, 'place'))).toEqual(['text', 'text']);
  });
});
