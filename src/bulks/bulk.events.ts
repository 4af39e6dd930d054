import { defineEvents, eventDataSchema, type EventTypeDefinition, idSchema, objectSchema, orNull } from '../webhooks/index.js';
import { type BulkStatus, PAYOUT_STATUSES } from './bulk-status.js';
import { amountSchema, currencySchema } from './payout.events.js';

const schema = eventDataSchema({
  bulk_id: idSchema('bulk'),
  bulk_reference: orNull({ type: 'string' }),
  status: { enum: PAYOUT_STATUSES },
  counts: {
    type: 'object',
    propertyNames: { enum: PAYOUT_STATUSES },
    additionalProperties: { type: 'integer', minimum: 1 },
  },
  totals: {
    type: 'array',
    items: objectSchema({ currency: currencySchema, amount: amountSchema, count: { type: 'integer', minimum: 1 } }),
  },
});

function milestone(meaning: string, sequence: number, counts: Partial<Record<BulkStatus, number>>): EventTypeDefinition {
  const [status] = Object.keys(counts);
  const count = counts.CANCELLED === undefined ? 1000 : 0;
  return {
    meaning,
    schema,
    example: {
      event_id: 'event_01kb4n3w2ze3rbz4jrd9qk6v22',
      sequence,
      bulk_id: 'bulk_01kb4n3w2ze3rbz4jrd9qk6v1x',
      bulk_reference: 'payroll-2026-11',
      status,
      counts,
      totals: count === 0 ? [] : [{ currency: 'EUR', amount: '120500.00', count }],
    },
  };
}

/** The milestones of a bulk, each told whenever it becomes true. */
defineEvents({
  'bulk.created': milestone('A bulk was accepted; its payouts wait to be validated.', 1, { VALIDATION_PENDING: 1000 }),
  'bulk.validated': milestone('No payout waits to be validated any more; also after edits.', 2, { SCHEDULED: 1000 }),
  'bulk.edited': milestone('The merchant changed the bulk, or some of its payouts.', 3, { VALIDATION_PENDING: 1000 }),
  'bulk.cancelled': milestone('Every payout is cancelled.', 3, { CANCELLED: 1000 }),
  'bulk.paused': milestone('The merchant stopped the bulk: no payout of it is claimed.', 3, { SCHEDULED: 1000 }),
  'bulk.resumed': milestone('The merchant lets the bulk go on; overdue payouts run at once.', 4, { SCHEDULED: 1000 }),
  'bulk.completed': milestone('Every payout is cancelled, refused or taken by its provider.', 3, { PROCESSED: 1000 }),
});
