export { AUDIT_USAGE, auditTrail } from './audit-trail.js';
