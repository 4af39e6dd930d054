import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from './token-buckets.js';

describe('token buckets', () => {
  it('give the burst at once and then the steady rate', () => {
    const buckets = new TokenBuckets({ perSecond: 2, burst: 20 });
    for (let taken = 0; taken < 20; taken += 1) expect(buckets.take('k', 0)).toMatchObject({ taken: true });
    expect(buckets.take('k', 0)).toEqual({ taken: false, remaining: 0, wait_ms: 500 });
    expect(buckets.take('k', 499)).toMatchObject({ taken: false });
    expect(buckets.take('k', 500)).toMatchObject({ taken: true });
    expect(buckets.take('k', 500)).toEqual({ taken: false, remaining: 0, wait_ms: 500 });
  });

  it('never hold more than the burst, and keep keys apart', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 2 });
    buckets.take('k', 0);
    for (let taken = 0; taken < 2; taken += 1) expect(buckets.take('k', 1_000_000)).toMatchObject({ taken: true });
    expect(buckets.take('k', 1_000_000)).toMatchObject({ taken: false });
    expect(buckets.take('other', 1_000_000)).toMatchObject({ taken: true });
  });

  it('do not take a token for what they refuse', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    buckets.take('k', 0);
    for (let at_ms = 0; at_ms < 1000; at_ms += 100) expect(buckets.take('k', at_ms)).toMatchObject({ taken: false });
    expect(buckets.take('k', 1000)).toMatchObject({ taken: true });
  });
});
