export { buildDocument } from './build-document.js';
export { OpenapiModule } from './openapi.module.js';
