export * from './data-source.js';
export * from './database-unusable.error.js';
export * from './database.module.js';
export * from './embedded-postgres.js';
export * from './inspect-database.js';
export * from './transactions.js';
export * from './tx.js';
export * from './wake.js';
