export * from './scheduler.module.js';
