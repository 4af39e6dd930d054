export * from './group-settler.js';
export * from './wakeful-loop.js';
