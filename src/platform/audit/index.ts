export * from './audit-entry.js';
export * from './record-audit.js';
export * from './seal-audit.js';
export * from './verify-audit.js';
