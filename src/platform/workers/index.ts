export * from './wakeful-loop.js';
