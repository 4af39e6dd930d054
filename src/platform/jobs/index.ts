export * from './agenda-clock.js';
export { JOB_FAILED, JOB_LATE } from './job-row.js';
export * from './job.js';
