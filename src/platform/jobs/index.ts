export * from './agenda-clock.js';
export * from './job.js';
