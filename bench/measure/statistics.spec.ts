import { describe, expect, it } from '@jest/globals';
import { hold } from './contest.js';
import { median, percentile, ratioOf, seededRandom, shuffled, spreadOf } from './statistics.js';

describe('the figures of several rounds', () => {
  it('are told by their median and their ends', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('give as a percentile the smallest value that so many do not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)]).toEqual([50, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('compare round by round, so that a slow hour weighs on both', () => {
    expect(ratioOf([50, 5, 20], [100, 10, 40], 'more')).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  });

  it('are better the higher the ratio is, also where less is better', () => {
    expect(ratioOf([200], [100], 'less').median).toBe(0.5);
    expect(ratioOf([200], [100], 'more').median).toBe(2);
  });
});

describe('the order of a round', () => {
  it('is drawn from the seed alone, and leaves nobody out', () => {
    const elements = ['a', 'b', 'c', 'd', 'e'];
    const orders = [1, 1, 2].map((seed) => shuffled(elements, seededRandom(seed)));
    expect(orders[0]).toEqual(orders[1]);
    expect(orders[0]).not.toEqual(orders[2]);
    expect(orders[0]?.toSorted()).toEqual(elements);
  });

  it('has every contender once in each round, after it was prepared, and counts no warm-up', async () => {
    const steps: string[] = [];
    const contender = (name: string, kind: 'engine' | 'limit' | 'peer', rate: number) => ({
      name,
      kind,
      prepare: async () => void steps.push(`prepare ${name}`),
      run: async () => {
        steps.push(`run ${name}`);
        return { figures: { rate }, items: 1 };
      },
    });
    const result = await hold(
      {
        title: 'contest',
        measures: [{ name: 'rate', unit: 'per s', better: 'more' }],
        contenders: [contender('engine', 'engine', 60), contender('limit', 'limit', 100), contender('peer', 'peer', 20)],
      },
      {
        rounds: 3,
        random: seededRandom(1),
        postmaster: process.pid,
        untilAtRest: async () => undefined,
        say: () => undefined,
        ends: Infinity,
      },
    );
    for (const name of ['engine', 'limit', 'peer']) {
      expect(steps.filter((step) => step.endsWith(` ${name}`))).toEqual(
        Array(4)
          .fill([`prepare ${name}`, `run ${name}`])
          .flat(),
      );
    }
    const [engine, limit, peer] = result.standings;
    expect(result.rounds).toBe(3);
    expect(engine?.ofLimit['rate']?.median).toBe(0.6);
    expect(limit?.ofLimit).toEqual({});
    expect(peer?.engineIsTimes['rate']?.median).toBe(3);
  });
});
