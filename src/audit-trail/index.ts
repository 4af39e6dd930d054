export { auditTrail } from './audit-trail.js';
