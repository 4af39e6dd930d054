import { defineProblems } from '../platform/http/index.js';

/** What the bulk and payout routes refuse, beyond the kernel's own table. */
export const bulkProblem = defineProblems({
  too_few_items: { status: 422, title: 'Too few items', meaning: 'A bulk has at least one item.' },
  too_many_items: {
    status: 422,
    title: 'Too many items',
    meaning: 'Split the payouts into several bulks; MAX_BULK_ITEMS is the limit.',
  },
  invalid_reference: {
    status: 422,
    title: 'Invalid reference',
    meaning: 'Every item is an object with a `reference` of 1 to 100 characters, no control characters.',
  },
  repeated_reference: { status: 422, title: 'Repeated reference', meaning: 'A reference may stand in a bulk once.' },
  limit_reached: {
    status: 429,
    title: 'Limit reached',
    meaning:
      'The operator limits how many bulks or payouts may wait at once; `limit`, `max`, `used` and `requested` say which and by how much. Nothing was stored.',
  },
  bulk_over_limit: {
    status: 422,
    title: 'Bulk over the limit',
    meaning:
      'The bulk alone has more payouts than the merchant may have waiting; `limit`, `max` and `requested` say it. Split it.',
  },
  control_totals_mismatch: {
    status: 422,
    title: 'Control totals do not match',
    meaning: 'Count or sum the items again: nothing was stored. Amounts that can not be read count as items only.',
  },
  bulk_reference_taken: {
    status: 409,
    title: 'Bulk reference taken',
    meaning: 'A bulk of this merchant has this reference; `existing_id` names it. References of bulks are unique for ever.',
  },
  unknown_reference: {
    status: 422,
    title: 'Unknown reference',
    meaning: 'The bulk has no payout of this reference; nothing was changed. Payouts can not be added to a bulk.',
  },
  immutable_field: { status: 422, title: 'Immutable field', meaning: 'This field can not be changed after the bulk was made.' },
  payout_not_editable: {
    status: 409,
    title: 'Payout not editable',
    meaning: 'Only payouts in SCHEDULED or VALIDATION_FAILED can be edited; nothing was changed.',
  },
  too_few_references: {
    status: 422,
    title: 'Too few references',
    meaning: 'Name at least one reference, or leave `references` out to cancel the whole bulk.',
  },
});
