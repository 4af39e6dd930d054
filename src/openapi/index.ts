export { buildDocument } from './build-document.js';
export { buildDoorDocument } from './build-door-document.js';
export { OpenapiModule } from './openapi.module.js';
