export { listen } from './listen.js';
