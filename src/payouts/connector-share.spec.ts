import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shareOf } from './connector-share.js';

const worker = (worker_id: string, places: number) => ({ worker_id, places });

describe("a worker's share of a connector", () => {
  it('is all of it where there is no other', () => {
    expect(shareOf(32, 'a', [])).toBe(32);
  });

  it('is an equal part, and what is left over goes to the first by id', () => {
    expect(shareOf(5, 'a', [worker('b', 0)])).toBe(3);
    expect(shareOf(5, 'b', [worker('a', 3)])).toBe(2);
  });

  it('is one for as many workers as there are places, and none for the rest', () => {
    expect(shareOf(1, 'a', [worker('b', 0), worker('c', 0)])).toBe(1);
    expect(shareOf(1, 'b', [worker('a', 1), worker('c', 0)])).toBe(0);
  });

  it('waits until the others have made room', () => {
    expect(shareOf(10, 'b', [worker('a', 10)])).toBe(0);
    expect(shareOf(10, 'b', [worker('a', 7)])).toBe(3);
  });

  it('never adds up to more than the limit, whoever comes, goes and beats in whatever order, and becomes all of it in the end', () => {
    const beats = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), beats, (limit, order) => {
        const places = new Map<string, number>();
        const beat = (id: string): void => {
          const others = [...places].filter(([other]) => other !== id).map(([other, held]) => worker(other, held));
          places.set(id, shareOf(limit, id, others));
          expect([...places.values()].reduce((sum, held) => sum + held, 0)).toBeLessThanOrEqual(limit);
        };
        for (const each of order) beat(`worker-${each}`);
        for (let round = 0; round < 2; round += 1) for (const id of [...places.keys()]) beat(id);
        if (places.size > 0) expect([...places.values()].reduce((sum, held) => sum + held, 0)).toBe(limit);
      }),
    );
  });
});
