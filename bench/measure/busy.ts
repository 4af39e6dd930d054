import { ProcessorClock } from './processor-time.js';

const EVERY_MS = 10_000;

/** Percent of one processor, by name. */
type Shares = Record<string, number>;

/** How busy programs and their PostgreSQL are, in every ten seconds. */
export class Busy {
  readonly seen: Shares[] = [];
  private readonly timer = setInterval(() => this.look(), EVERY_MS).unref();
  private began_ms = performance.now();
  private clocks: ReadonlyMap<string, ProcessorClock> = new Map();

  /** @param programs their processes by their names, as they are now. */
  constructor(
    private readonly programs: () => ReadonlyMap<string, number>,
    private readonly postmaster: number,
  ) {}

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const us = (performance.now() - this.began_ms) * 1000;
    const used = [...this.clocks].flatMap(([name, clock]) => {
      const share = clock.perItem(us);
      return share === null ? [] : [{ name, node: percent(share.node_us), postgres: percent(share.postgres_us) }];
    });
    if (used[0] !== undefined)
      this.seen.push({ ...Object.fromEntries(used.map(({ name, node }) => [name, node])), postgres: used[0].postgres });
    this.began_ms = performance.now();
    const clocks = [...this.programs()].map(([name, pid]) => [name, ProcessorClock.start([pid], this.postmaster)] as const);
    this.clocks = new Map(clocks.flatMap(([name, clock]) => (clock === null ? [] : [[name, clock]])));
  }
}

const percent = (share: number): number => Math.round(share * 100);
