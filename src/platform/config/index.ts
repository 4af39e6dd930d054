export * from './configuration.js';
export * from './configuration.module.js';
export * from './env-example.js';
export * from './kept-secrets.js';
export * from './read-configuration.js';
export * from './start-banner.js';
