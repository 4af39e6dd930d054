import { describe, expect, it } from '@jest/globals';
import { Grouped } from './grouped.js';

describe('grouped work', () => {
  it('takes what is asked for in one turn as one group, and answers each its own result', async () => {
    const groups: (readonly number[])[] = [];
    const doubled = new Grouped<number, number>((items) => {
      groups.push(items);
      return Promise.resolve(items.map((item) => item * 2));
    });
    expect(await Promise.all([1, 2, 3].map((item) => doubled.add(item)))).toEqual([2, 4, 6]);
    expect(groups).toEqual([[1, 2, 3]]);
  });

  it('collects the next group while one is at work', async () => {
    const groups: number[] = [];
    const releases: (() => void)[] = [];
    const echo = new Grouped<number, number>(async (items) => {
      groups.push(items.length);
      await new Promise<void>((release) => releases.push(release));
      return items;
    });
    const first = echo.add(1);
    while (releases.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const others = [echo.add(2), echo.add(3)];
    releases[0]?.();
    expect(await first).toBe(1);
    while (releases.length === 1) await new Promise((resolve) => setImmediate(resolve));
    releases[1]?.();
    expect(await Promise.all(others)).toEqual([2, 3]);
    expect(groups).toEqual([1, 2]);
    await echo.idle();
  });

  it('fails all of a group, and goes on with the next', async () => {
    let broken = true;
    const work = new Grouped<number, number>((items) => (broken ? Promise.reject(new Error('broken')) : Promise.resolve(items)));
    const results = await Promise.allSettled([work.add(1), work.add(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    broken = false;
    expect(await work.add(3)).toBe(3);
  });

  it('splits a crowd into groups of at most 500', async () => {
    const sizes: number[] = [];
    const echo = new Grouped<number, number>((items) => {
      sizes.push(items.length);
      return Promise.resolve(items);
    });
    await Promise.all(Array.from({ length: 1_100 }, (_, item) => echo.add(item)));
    expect(sizes).toEqual([500, 500, 100]);
  });
});
