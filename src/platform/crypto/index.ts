export * from './sealed-table.js';
export * from './sealer.js';
