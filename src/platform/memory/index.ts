export * from './memoize.js';
