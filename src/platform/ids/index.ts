export * from './id-filter.js';
export * from './type-id.js';
