export * from './format-instant.js';
export * from './time-zone.js';
export * from './to-instant.js';
