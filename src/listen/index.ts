export { listen } from './listen.js';
export { USAGE } from './read-options.js';
