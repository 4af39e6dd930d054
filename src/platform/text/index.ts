export * from './storable-text.js';
export * from './without-secrets.js';
