export * from './group-settler.js';
export * from './pace.js';
export * from './wakeful-loop.js';
export * from './workers.module.js';
