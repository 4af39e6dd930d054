export * from './type-id.js';
