import { describe, expect, it } from '@jest/globals';
import { type Contender, hold, type Measure, type Result } from './contest.js';
import { verdictOf } from './goal.js';
import { toPage } from './page.js';
import { toNotes } from './table.js';

const contenderOf = (name: string, kind: Contender['kind'], rate: number): Contender => ({
  name,
  kind,
  run: () => Promise.resolve({ items: 1, figures: { rate } }),
});

const conditions = {
  rounds: 2,
  random: () => 0,
  postmaster: 0,
  untilAtRest: () => Promise.resolve(),
  say: () => undefined,
  ends: Infinity,
};

const held = (measure: Partial<Measure>, ...peers: readonly number[]): Promise<Result> =>
  hold(
    {
      title: 'a contest',
      measures: [{ name: 'rate', unit: 'per s', better: 'more', ...measure }],
      contenders: [
        contenderOf('Tranche', 'engine', 60),
        contenderOf('bare', 'limit', 100),
        ...peers.map((rate, place) => contenderOf(`peer ${place}`, 'peer', rate)),
      ],
    },
    conditions,
  );

async function met(goal: Measure['goal'], ...peers: readonly number[]): Promise<boolean | null | undefined> {
  const result = await held(goal === undefined ? {} : { goal }, ...peers);
  const [measure] = result.measures;
  const [engine] = result.standings;
  return measure === undefined || engine === undefined ? undefined : verdictOf(measure, engine, result)?.met;
}

describe('a goal', () => {
  it('is met by the share of the limit, by a figure, or by being so many times as good as each peer', async () => {
    expect([await met({ ofLimit: 0.6 }), await met({ ofLimit: 0.61 })]).toEqual([true, false]);
    expect([await met({ atLeast: 60 }), await met({ atMost: 59 })]).toEqual([true, false]);
    expect([await met({ timesPeers: 5 }, 12, 3), await met({ timesPeers: 5 }, 12, 13)]).toEqual([true, false]);
  });

  it('is neither met nor missed where nothing was there to compare with', async () => {
    expect(await met({ timesPeers: 5 })).toBeNull();
  });

  it('asks for an explanation where it is missed, and gives the one there is', async () => {
    expect(toNotes(await held({ goal: { ofLimit: 0.9 } }))).toContain('not explained yet');
    expect(toNotes(await held({ goal: { ofLimit: 0.9 }, whyMissed: 'The signature.' }))).toContain(
      'Missed, rate: The signature.',
    );
    expect(toNotes(await held({ goal: { ofLimit: 0.5 }, whyMissed: 'The signature.' }))).not.toContain('The signature');
  });

  it('stands on the page with what was reached, whether it was met or not', async () => {
    const row = {
      row: 'create',
      asks: 'how fast',
      at: '2026-11-21T17:00:00.000Z',
      machine: '2 cores',
      load: 0.1,
      versions: 'Node',
    };
    const run = { ...row, postgres: '18', commit: 'abc', effort: 'usual', seed: 1, span_s: 9, failure: null };
    const page = toPage([{ ...run, results: [await held({ goal: { ofLimit: 0.9 } })] }]);
    expect(page).toContain('0 of 1 are met');
    expect(page).toMatch(/\| a contest +\| rate +\| 0.9 of the limit +\| 60.0 per s +\| 0.60 +\| \*\*missed\*\* +\|/);
  });
});

describe('a contest whose time is up', () => {
  it('ends after the round that it is in, and says how many it had', async () => {
    const result = await hold(
      { title: 'late', measures: [], contenders: [contenderOf('Tranche', 'engine', 1)] },
      { ...conditions, rounds: 5, ends: performance.now() },
    );
    expect(result.rounds).toBe(1);
  });
});
