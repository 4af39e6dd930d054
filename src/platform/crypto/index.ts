export * from './crypto.module.js';
export * from './sealer.js';
