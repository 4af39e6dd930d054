export * from './merchants.module.js';
export * from './scopes.js';
