export * from './test-database.js';
export * from './test-merchant.js';
