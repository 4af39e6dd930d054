/** One recurring duty of the whole cluster: whichever worker is free runs it, one at a time. */
export interface Job {
  /** Kebab-case and for ever: the row in the database that remembers the next run is found by it. */
  readonly name: string;
  /** What it is for, in one sentence, for the operator who reads the timetable. */
  readonly meaning: string;
  /** How often, in words or as a cron expression: `30 seconds`, `1 hour`, `0 3 * * *` (UTC). */
  readonly every: string;
  /**
   * After this many milliseconds without an end another worker may start the same job, because the first is taken for dead.
   * It is far above the longest honest run. It is no fence: a run that was only slow goes on beside the second one.
   */
  readonly lease_ms: number;
  /**
   * One run. It may be cut short anywhere, run twice at once and run again at once after a crash, so it has to be
   * idempotent: claim rows, guard every write by what was read, and leave the rest to the next run.
   */
  run(): Promise<void>;
}

/** Injection token of the one list of jobs (`src/scheduler/jobs.ts`). */
export const JOBS = Symbol('JOBS');

/** Declares the list of jobs and refuses what can only be a slip: a name twice, or a lease that ends before it begins. */
export function defineJobs(jobs: readonly Job[]): readonly Job[] {
  const faults: string[] = [];
  const names = new Set<string>();
  for (const job of jobs) {
    if (!/^[a-z]+(-[a-z]+)*$/.test(job.name)) faults.push(`${job.name} is not in kebab-case`);
    if (names.has(job.name)) faults.push(`${job.name} is listed twice`);
    if (!(job.lease_ms > 0)) faults.push(`${job.name} has a lease of ${job.lease_ms} ms`);
    names.add(job.name);
  }
  if (faults.length > 0) throw new Error(`jobs: ${faults.join('; ')}`);
  return jobs;
}
