/** Far beyond the cadence of most jobs, and how long any may be due. */
const LATE_S = 7_200;
/** Clocks that are kept differ by less. */
const AHEAD = `now() + interval '1 minute'`;

/** Of a row of agenda_jobs: its last run failed. */
export const JOB_FAILED = `failed_at > coalesce(last_finished_at - interval '1 second', '-infinity')`;
/** Of a row of agenda_jobs: it is due, and nobody has run it. */
export const JOB_LATE = `next_run_at < now() - ${LATE_S} * interval '1 second'`;
/** Of a row of agenda_jobs: a process has run or taken it whose clock is ahead of the database's. */
export const JOB_OF_WRONG_CLOCK = `(last_run_at > ${AHEAD} OR locked_at > ${AHEAD})`;
