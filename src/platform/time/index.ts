export * from './format-instant.js';
export * from './is-instant.js';
export * from './monotonic-clock.js';
export * from './time-zone.js';
export * from './to-instant.js';
