import { Director } from './director.js';
import type { Engine } from './engine.js';
import type { Violation } from './invariants.js';
import { Random } from './random.js';
import { NO_BUG, type PlantedBug } from './scene.js';
import { drawTemper } from './temper.js';
import { World } from './world.js';

export interface RunOptions {
  readonly engine: Engine;
  readonly seed: number;
  readonly bug?: PlantedBug;
  /** Kills a server there, at the first or second time that one comes by. */
  readonly crashPoint?: string;
  readonly keepLines?: boolean;
}

export interface RunReport {
  readonly seed: number;
  readonly hash: string;
  readonly lines: readonly string[];
  readonly violations: readonly Violation[];
  readonly payouts: number;
  readonly steps: number;
  readonly kills: number;
  readonly freezes: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly killedAt: ReadonlySet<string>;
  /** Whether the planted statement was met. */
  readonly planted: boolean;
}

/** Nothing vacuums the simulation's tables. */
const RUNS_TO_EMPTY = 25;

/** Runs one seed: rough, then healed until nothing moves, then judged. */
export async function run(options: RunOptions): Promise<RunReport> {
  const random = new Random(options.seed);
  const aim = options.crashPoint ?? null;
  const temper = drawTemper(random, aim);
  const { seed, engine, bug = NO_BUG, keepLines = false } = options;
  const world = new World(seed, engine, { temper, random, bug, aim, keepLines });
  // The books of every connector are compared in quarantine: none of another run may be there.
  if (temper.quarantines) await engine.empty();
  options.engine.enter(world);
  const director = new Director(world);
  const uproot = options.bug?.plant?.();
  const violations = await director.play().finally(() => uproot?.());
  // What one run leaves open must not be found by the next, and what is dead slows the statements down.
  if (violations.length > 0 || options.engine.runs() % RUNS_TO_EMPTY === 0) await options.engine.empty();
  return {
    seed: options.seed,
    hash: world.stage.hash(),
    lines: world.stage.lines,
    violations,
    payouts: director.payouts,
    steps: world.stage.steps,
    kills: world.kills,
    freezes: world.freezes,
    faults: world.faults,
    killedAt: world.killedAt,
    planted: world.planted,
  };
}
