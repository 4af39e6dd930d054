import type { TransitionDefinition } from '../platform/lifecycle/index.js';
import {
  defineEvents,
  eventDataSchema,
  type EventTypeDefinition,
  idSchema,
  instantSchema,
  type JsonSchema,
  objectSchema,
  orNull,
} from '../webhooks/index.js';
import { PAYOUT_STATUSES } from './bulk-status.js';
import { ISSUE_CODES } from './payout-content.js';
import { payoutLifecycle, type PayoutStatus, type PayoutTransition } from './payout.lifecycle.js';

const text: JsonSchema = { type: 'string' };
const none: JsonSchema = { type: 'null' };
const no: JsonSchema = { const: false };
const noIssues: JsonSchema = { type: 'array', maxItems: 0 };

/** In canonical form, with all decimals of its currency (ISO 4217 has none to four). Before it is valid it is what was sent. */
export const amountSchema: JsonSchema = { type: 'string', pattern: '^\\d+(\\.\\d{1,4})?$' };
export const currencySchema: JsonSchema = { type: 'string', pattern: '^[A-Z]{3}$' };

const issueSchema = objectSchema(
  {
    code: { enum: ISSUE_CODES },
    pointer: { type: 'string', format: 'json-pointer' },
    detail: text,
    existing_id: idSchema('payout'),
  },
  ['existing_id'],
);

/** @param status which statuses there are is the intent's own to say. */
export const intentSchemaOf = (status: JsonSchema): JsonSchema =>
  objectSchema({
    id: idSchema('intent'),
    status,
    connector: idSchema('connector'),
    provider_reference: orNull(text),
    failure: orNull(objectSchema({ code: text, message: text, retryable: { type: 'boolean' } })),
    next_check_at: orNull(instantSchema),
    created_at: instantSchema,
    updated_at: instantSchema,
  });

/**
 * What every event has from the claim on: the amount that is paid, and the intent in one of these statuses. They are the contract's
 * words for the provider's side, which `payouts` knows as a lifecycle; a test compares the two.
 */
export const paidMembers = (...statuses: readonly string[]): Readonly<Record<string, JsonSchema>> => ({
  amount: amountSchema,
  currency: currencySchema,
  scheduled_at: instantSchema,
  issues: noIssues,
  intent: intentSchemaOf({ enum: statuses }),
});

/** One difference of an edit. Of account and personal data the field alone is named. */
const changeSchema = objectSchema({ field: text, from: {}, to: {} }, ['from', 'to']);

export const intentExample = {
  id: 'intent_01kb4n3w2ze3rbz4jrd9qk6v1y',
  status: 'succeeded',
  connector: 'connector_01kb4n3w2ze3rbz4jrd9qk6v1z',
  provider_reference: 'pay_7Q2M',
  failure: null,
  next_check_at: null,
  created_at: '2026-12-01T08:00:00.000Z',
  updated_at: '2026-12-01T08:00:00.412Z',
};

const payoutExample = {
  event_id: 'event_01kb4n3w2ze3rbz4jrd9qk6v20',
  sequence: 3,
  bulk_id: 'bulk_01kb4n3w2ze3rbz4jrd9qk6v1x',
  bulk_reference: 'payroll-2026-11',
  payout_id: 'payout_01kb4n3w2ze3rbz4jrd9qk6v21',
  reference: 'INV-1001',
  previous_status: null as PayoutStatus | null,
  status: 'VALIDATION_PENDING' as PayoutStatus,
  final: false,
  amount: '120.50',
  currency: 'EUR',
  scheduled_at: '2026-12-01T08:00:00.000Z' as string | null,
  issues: [] as readonly object[],
  intent: null as object | null,
};

/** What differs between the types of a payout's events. */
interface PayoutEventShape {
  readonly meaning: string;
  /** Narrows members that every event of a payout has, or adds its own. */
  readonly members: Readonly<Record<string, JsonSchema>>;
  readonly example: Partial<typeof payoutExample> & Readonly<Record<string, unknown>>;
}

/** One type of event about a payout, its `data` in the order in which it is sent. */
export const payoutEventDefinition = ({ meaning, members, example }: PayoutEventShape): EventTypeDefinition => ({
  meaning,
  example: { ...payoutExample, ...example },
  schema: eventDataSchema({
    bulk_id: idSchema('bulk'),
    bulk_reference: orNull(text),
    payout_id: idSchema('payout'),
    reference: text,
    previous_status: orNull({ enum: PAYOUT_STATUSES }),
    status: { enum: PAYOUT_STATUSES },
    final: { type: 'boolean' },
    amount: orNull(text),
    currency: orNull(text),
    scheduled_at: orNull(instantSchema),
    issues: { type: 'array', items: issueSchema },
    intent: none,
    ...members,
  }),
});

/** An event of the payout's own lifecycle: both statuses are those of its table. */
function stepEvent(transition: PayoutTransition, shape: Partial<PayoutEventShape> = {}): EventTypeDefinition {
  const step: TransitionDefinition<PayoutStatus> = payoutLifecycle.transitions[transition];
  const example = { ...shape.example, previous_status: step.from[0] ?? null, status: step.to };
  return payoutEventDefinition({
    meaning: shape.meaning ?? step.meaning,
    members: { ...shape.members, previous_status: { enum: step.from }, status: { const: step.to } },
    example,
  });
}

const refused = {
  ...intentExample,
  status: 'rejected',
  failure: { code: 'account_closed', message: 'The account is closed.', retryable: false },
};

/** One event for each step of the payout's lifecycle; a test compares the two. */
defineEvents({
  'payout.created': stepEvent('create', {
    meaning: 'A bulk was accepted and this payout with it; it waits to be validated.',
    members: { sequence: { const: 1 }, scheduled_at: none, issues: noIssues, final: no },
    example: { sequence: 1, scheduled_at: null },
  }),
  'payout.validation_in_progress': stepEvent('begin_validation', {
    meaning: 'A worker began to judge it.',
    example: { sequence: 2, scheduled_at: null },
  }),
  'payout.scheduled': stepEvent('schedule', {
    meaning: 'It is valid, and runs at `scheduled_at` unless it is edited, cancelled or held before.',
    members: { amount: amountSchema, currency: currencySchema, scheduled_at: instantSchema, issues: noIssues, final: no },
    example: {},
  }),
  'payout.validation_failed': stepEvent('fail_validation', {
    meaning: 'Validation found what `issues` lists; it is never paid unless an edit mends it.',
    members: { issues: { type: 'array', minItems: 1, items: issueSchema }, final: no },
    example: {
      scheduled_at: null,
      issues: [
        {
          code: 'invalid_iban',
          pointer: '/payout_method/iban',
          detail: 'The check digits do not fit; check for a typing error.',
        },
      ],
    },
  }),
  'payout.edited': stepEvent('edit', {
    meaning: 'The merchant changed it, or the date that it inherits; it is validated again. `changes` lists what differs.',
    members: { scheduled_at: none, final: no, changes: { type: 'array', items: changeSchema } },
    example: {
      sequence: 4,
      scheduled_at: null,
      changes: [{ field: 'amount', from: '120.50', to: '130.00' }, { field: 'payout_method.iban' }],
    },
  }),
  'payout.cancelled': stepEvent('cancel', {
    meaning: 'It will never be paid: the merchant cancelled it before it was claimed, or its bulk drops what is invalid.',
    members: { final: { const: true } },
    example: { sequence: 4, final: true },
  }),
  'payout.processing_in_progress': stepEvent('claim', {
    meaning: 'Its instant came; it is being sent to its provider and can no longer be edited or cancelled.',
    members: { ...paidMembers('created'), final: no },
    example: { sequence: 4, intent: { ...intentExample, status: 'created', provider_reference: null } },
  }),
  'payout.processed': stepEvent('process', {
    meaning: 'The provider took it. What becomes of it is told by the `payout.intent_*` events, of which one comes next.',
    members: paidMembers('pending', 'unclaimed', 'succeeded', 'failed'),
    example: { sequence: 5, final: true, intent: intentExample },
  }),
  'payout.intent_creation_failed': stepEvent('fail_intent_creation', {
    meaning: 'The provider refused it for good: nothing was paid, and the reference is free again. `intent.failure` says why.',
    members: { ...paidMembers('rejected'), final: { const: true } },
    example: { sequence: 5, final: true, intent: refused },
  }),
  'payout.retried': stepEvent('retry', {
    meaning:
      'The merchant asked for another attempt after a retryable refusal; it is validated again, and has no intent meanwhile.',
    members: { scheduled_at: none, final: no },
    example: { sequence: 6, scheduled_at: null },
  }),
});
