import { describe, expect, it } from '@jest/globals';
import { isMetadata, mergeMetadata } from './metadata.js';

const entries = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${String(index)}`, 'v']));

describe('metadata', () => {
  it.each([
    {},
    { invoice: 'INV-1', constructor: 'x' },
    entries(50),
    { ['k'.repeat(40)]: '😀'.repeat(500) },
    JSON.parse('{"__proto__":"x"}') as object,
  ])('takes %j', (value) => {
    expect(isMetadata(value)).toBe(true);
  });

  it.each([
    null,
    [],
    'text',
    entries(51),
    { ['k'.repeat(41)]: 'v' },
    { k: 'v'.repeat(501) },
    { k: 1 },
    { k: null },
    { k: { nested: 'v' } },
    { k: '\0' },
    { k: '\ud800' },
    JSON.parse('{"__proto__":{}}') as object,
  ])('refuses %j', (value) => {
    expect(isMetadata(value)).toBe(false);
  });

  it('is merged key by key, and null removes', () => {
    const patch = { change: 'B', remove: null, add: 'd', absent: null };
    expect(mergeMetadata({ keep: 'a', change: 'b', remove: 'c' }, patch)).toEqual({ keep: 'a', change: 'B', add: 'd' });
    const proto = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    expect(JSON.stringify(mergeMetadata({}, proto))).toBe('{"__proto__":"x"}');
  });

  it('is held to its limits after the merge', () => {
    const full = entries(50) as Record<string, string>;
    expect(mergeMetadata(full, { k0: null, other: 'v' })).toHaveProperty('other');
    expect(() => mergeMetadata(full, { other: 'v' })).toThrow(/more than 50/);
  });
});
