import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Microseconds of processor, per item where it says so. */
export interface ProcessorTime {
  readonly node_us: number;
  readonly postgres_us: number;
}

/** Linux counts in hundredths of a second on every machine that Node runs on. */
const TICK_US = 10_000;
/** Less than this is mostly the error of the counting. */
const TOLD_FROM_US = 5 * TICK_US;

/** Of a sum that so many items share: NaN where it is too small to be told. */
export const told = (each_us: number, items: number): number => (each_us * items < TOLD_FROM_US ? Number.NaN : each_us);

/** Processor time from its start on, of some Node processes and of a whole PostgreSQL server. Read where Linux shows it. */
export class ProcessorClock {
  private constructor(
    private readonly processes: readonly number[],
    private readonly postmaster: number,
    private readonly began: ProcessorTime,
  ) {}

  /** @returns null on systems that do not show it. */
  static start(processes: readonly number[], postmaster: number): ProcessorClock | null {
    const now = read(processes, postmaster);
    return now === null ? null : new ProcessorClock(processes, postmaster, now);
  }

  perItem(items: number): ProcessorTime | null {
    const now = read(this.processes, this.postmaster);
    if (now === null) return null;
    return {
      node_us: (now.node_us - this.began.node_us) / items,
      postgres_us: (now.postgres_us - this.began.postgres_us) / items,
    };
  }
}

/** What the one before has left to be cleared away and written is not charged to the next: so long is it waited for at the most. */
const REST_WITHIN_MS = 15_000;
const REST_LOOK_MS = 300;

/** Until the server has done next to nothing for a moment: one tick may always be. */
export async function untilAtRest(postmaster: number): Promise<void> {
  const ends = performance.now() + REST_WITHIN_MS;
  for (let busy_us = Infinity; busy_us > TICK_US && performance.now() < ends;) {
    const clock = ProcessorClock.start([], postmaster);
    await wait(REST_LOOK_MS);
    busy_us = clock?.perItem(1)?.postgres_us ?? 0;
  }
}

function read(processes: readonly number[], postmaster: number): ProcessorTime | null {
  try {
    const stats = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statOf(Number(name)) ?? []);
    const node = stats.filter(({ pid }) => processes.includes(pid));
    const postgres = stats.filter(({ pid, parent }) => pid === postmaster || parent === postmaster);
    return { node_us: sum(node.map(({ own_us }) => own_us)), postgres_us: sum(postgres.map(({ all_us }) => all_us)) };
  } catch {
    return null;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** See proc_pid_stat(5). `all_us` has the children in it that have ended, such as connections that were closed. */
function statOf(pid: number): { pid: number; parent: number; own_us: number; all_us: number } | null {
  try {
    // The name may have blanks and brackets in it; what follows its last bracket has neither.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
    const own_us = (user + system) * TICK_US;
    return { pid, parent: fields[1] ?? 0, own_us, all_us: own_us + (childrenUser + childrenSystem) * TICK_US };
  } catch {
    // It has ended since it was listed.
    return null;
  }
}

/** From here on the most is what the process has now, or will have; see proc_pid_clear_refs(5). Nothing on systems without it. */
export function forgetPeakMemory(pid: number): void {
  const file = `/proc/${pid}/clear_refs`;
  if (existsSync(file)) writeFileSync(file, '5');
}

/** The most memory that a process has had since it was forgotten, or ever, in MiB; NaN on systems that do not show it. */
export function peakMemory_mib(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
