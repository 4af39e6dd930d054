import { describe, expect, it } from '@jest/globals';
import { memoize } from './memoize.js';

describe('a memo', () => {
  it('computes once per key, undefined included, and forgets everything when it is full', () => {
    const computed: string[] = [];
    const answer = memoize(2, (key) => {
      computed.push(key);
      return key === 'nothing' ? undefined : key.length;
    });
    expect([answer('a'), answer('a'), answer('nothing'), answer('nothing')]).toEqual([1, 1, undefined, undefined]);
    expect(computed).toEqual(['a', 'nothing']);
    expect([answer('bb'), answer('a')]).toEqual([2, 1]);
    expect(computed).toEqual(['a', 'nothing', 'bb', 'a']);
  });
});
