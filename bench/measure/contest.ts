import { ProcessorClock, type ProcessorTime, told } from './processor-time.js';
import { median, ratioOf, shuffled, type Spread, spreadOf } from './statistics.js';

/** What a measure of the engine is to reach: as data, because a result is read again from its file. */
export type Goal =
  /** The ratio to the limit, at least. */
  | { readonly ofLimit: number }
  /** So many times as good as each peer. */
  | { readonly timesPeers: number }
  | { readonly atMost: number }
  | { readonly atLeast: number };

/** One quantity that every contender of a contest is measured by. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly goal?: Goal;
  /** What is known of why the goal is missed, wherever it is. */
  readonly whyMissed?: string;
}

/** Taken of every contender where a contest asks for it: the server's processor time for each item. */
export const SERVER_TIME = 'PostgreSQL';

/** What one run gave: one figure for each measure that this contender has, and what it is counted by. */
export interface Sample {
  readonly figures: Readonly<Record<string, number>>;
  /** Payouts (or calls, rows) that the processor time is shared out over. */
  readonly items: number;
}

/** One way to have the work of a contest done: the engine's, the machine's own limit, another scheduler's. */
export interface Contender {
  readonly name: string;
  readonly kind: 'engine' | 'limit' | 'peer';
  /** Settings and differences that a fair reader has to know. */
  readonly note?: string;
  /** Node processes that do the work; absent: this one. */
  readonly processes?: () => readonly number[];
  /** Of its database, where that is one of its own. */
  readonly postmaster?: number;
  /** Lays the ground; not measured. */
  readonly prepare?: () => Promise<void>;
  readonly run: () => Promise<Sample>;
  /** Clears up after it; not measured. */
  readonly finish?: () => Promise<void>;
}

/** Contenders that do the same work in one run, on the same machine, in turns. The first of kind `limit` is what ratios are to. */
export interface Contest {
  readonly title: string;
  readonly measures: readonly Measure[];
  readonly contenders: readonly Contender[];
}

export interface Standing {
  readonly name: string;
  readonly kind: Contender['kind'];
  readonly note: string | null;
  readonly figures: Readonly<Record<string, Spread>>;
  /** To the limit, by measure: 1 is as good. */
  readonly ofLimit: Readonly<Record<string, Spread>>;
  /** How many times as good the engine is, by measure; for peers alone. */
  readonly engineIsTimes: Readonly<Record<string, Spread>>;
  /** Microseconds of processor per item, the median of each; null where the system does not tell, NaN where there is too little. */
  readonly processor: ProcessorTime | null;
}

export interface Result {
  readonly title: string;
  readonly measures: readonly Measure[];
  readonly rounds: number;
  readonly standings: readonly Standing[];
}

export interface Conditions {
  readonly rounds: number;
  readonly random: () => number;
  /** The server's first process, whose children count with it. */
  readonly postmaster: number;
  /** Waits until this server is done with what the contender before has left it. */
  readonly untilAtRest: (postmaster: number) => Promise<void>;
  readonly say: (line: string) => void;
  /** On `performance.now()`: no round begins that would not end by then, but the first. */
  readonly ends: number;
}

interface Samples {
  readonly samples: Sample[];
  readonly times: ProcessorTime[];
}

/**
 * Round by round every contender once, in an order that is drawn anew: none always runs on the warm or the worn machine. The
 * first round warms up (compilers, caches, connections) and is not counted, where there are more.
 */
export async function hold(contest: Contest, conditions: Conditions): Promise<Result> {
  const { rounds, random, say } = conditions;
  const taken = new Map<Contender, Samples>(contest.contenders.map((one) => [one, { samples: [], times: [] }]));
  let measured = 0;
  for (let round = rounds > 1 ? 0 : 1; round <= rounds; round += 1) {
    const began = performance.now();
    for (const contender of shuffled(contest.contenders, random)) {
      const { sample, time } = await runOnce(contender, conditions);
      const name = round === 0 ? 'warm-up' : `round ${round} of ${rounds}`;
      say(`${contest.title}, ${name}: ${contender.name}: ${spoken(contest, sample)}`);
      if (round === 0) continue;
      taken.get(contender)?.samples.push(sample);
      if (time !== null) taken.get(contender)?.times.push(time);
    }
    measured = round;
    const now = performance.now();
    if (round > 0 && round < rounds && now + (now - began) > conditions.ends) {
      say(`${contest.title}: its time is up after ${round} of ${rounds} rounds`);
      break;
    }
  }
  return { title: contest.title, measures: contest.measures, rounds: measured, standings: standingsOf(contest, taken) };
}

async function runOnce(
  contender: Contender,
  { postmaster, untilAtRest }: Conditions,
): Promise<{ sample: Sample; time: ProcessorTime | null }> {
  const server = contender.postmaster ?? postmaster;
  await untilAtRest(server);
  await contender.prepare?.();
  const clock = ProcessorClock.start(contender.processes?.() ?? [process.pid], server);
  const sample = await contender.run();
  const time = clock?.perItem(sample.items) ?? null;
  await contender.finish?.();
  if (time === null) return { sample, time };
  return { sample: { ...sample, figures: { ...sample.figures, [SERVER_TIME]: time.postgres_us } }, time };
}

const spoken = ({ measures }: Contest, { figures }: Sample): string =>
  measures
    .flatMap(({ name, unit }) => (figures[name] === undefined ? [] : [`${name} ${figures[name].toFixed(1)} ${unit}`]))
    .join(', ');

function standingsOf(contest: Contest, taken: ReadonlyMap<Contender, Samples>): Standing[] {
  const figuresOf = (contender: Contender | undefined, measure: string): number[] =>
    contender === undefined ? [] : (taken.get(contender)?.samples ?? []).flatMap(({ figures }) => figures[measure] ?? []);
  const limit = contest.contenders.find(({ kind }) => kind === 'limit');
  const engine = contest.contenders.find(({ kind }) => kind === 'engine');
  return contest.contenders.map((contender) => {
    const against = (pairs: (measure: Measure) => readonly [readonly number[], readonly number[]]): Record<string, Spread> =>
      Object.fromEntries(
        contest.measures.flatMap((measure) => {
          const [values, reference] = pairs(measure);
          if (values.length === 0 || reference.length === 0) return [];
          return [[measure.name, ratioOf(values, reference, measure.better)] as const];
        }),
      );
    const { times, samples } = taken.get(contender) ?? { times: [], samples: [] };
    const items = median(samples.map((sample) => sample.items));
    return {
      name: contender.name,
      kind: contender.kind,
      note: contender.note ?? null,
      figures: Object.fromEntries(
        contest.measures.flatMap(({ name }) => {
          const values = figuresOf(contender, name);
          return values.length === 0 ? [] : [[name, spreadOf(values)] as const];
        }),
      ),
      ofLimit: contender === limit ? {} : against(({ name }) => [figuresOf(contender, name), figuresOf(limit, name)]),
      engineIsTimes:
        contender.kind === 'peer' ? against(({ name }) => [figuresOf(engine, name), figuresOf(contender, name)]) : {},
      processor:
        times.length === 0
          ? null
          : {
              node_us: told(median(times.map(({ node_us }) => node_us)), items),
              postgres_us: told(median(times.map(({ postgres_us }) => postgres_us)), items),
            },
    };
  });
}
