import { Records, type Tx } from '../../platform/database/index.js';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import { formatInstant } from '../../platform/time/index.js';
import { wakeLanes } from '../deliveries/lane.repository.js';
import type { EventDraft } from './event-draft.js';

const EVENTS = new Records({
  id: 'uuid',
  merchant_id: 'uuid',
  feed: 'bigint',
  type: 'text',
  subject_id: 'uuid',
  sequence: 'integer',
  bulk_id: 'uuid',
  payout_id: 'uuid',
  occurred_at: 'timestamptz',
  body_at: 'integer',
  body_bytes: 'integer',
  bulk_endpoint_id: 'uuid',
  only_endpoint_id: 'uuid',
});

/**
 * Writes events and their deliveries in the transaction of the change they tell: one statement, however many there are.
 * Safe to crash here because state, event and deliveries are one commit: none of them is ever there without the others.
 */
export async function recordEvents(tx: Tx, drafts: readonly EventDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const bodies: Buffer[] = [];
  let body_at = 1;
  const rows = drafts.map((draft) => {
    const id = newUuid();
    const body = Buffer.from(bodyOf(id, draft), 'utf8');
    bodies.push(body);
    const row = rowOf(id, draft, { body_at, body_bytes: body.length });
    body_at += body.length;
    return row;
  });
  if ((await insert(tx, rows, Buffer.concat(bodies))) > 0) tx.wake('deliver');
  tx.wake('follow');
}

/** The exact bytes of every delivery and of the event feed. */
const bodyOf = (id: string, event: EventDraft): string =>
  JSON.stringify({
    type: event.type,
    timestamp: formatInstant(event.at),
    data: { event_id: toTypeId('event', id), sequence: event.sequence, ...event.data },
  });

const rowOf = (id: string, event: EventDraft, body: { readonly body_at: number; readonly body_bytes: number }) => ({
  id,
  merchant_id: event.merchantId,
  feed: event.feed,
  type: event.type,
  subject_id: event.subjectId,
  sequence: event.sequence,
  bulk_id: event.bulkId,
  payout_id: event.payoutId,
  occurred_at: event.at,
  ...body,
  bulk_endpoint_id: event.bulkEndpointId,
  only_endpoint_id: event.onlyEndpointId ?? null,
});

/**
 * The bodies travel as one run of bytes that nobody has to parse, and each row says where its own begins. Events are numbered (`place`) in the order of the drafts, so that each subject's stand in the order
 * of their sequence.
 *
 * One delivery per event and endpoint, so an endpoint that is both the bulk's and registered gets one. What an endpoint's
 * own subject tells goes to the others. The endpoint's row is not locked, or every writer would wait for every dispatcher. It
 * need not be: a delivery says nothing of how its endpoint stands.
 * @returns how many deliveries there are.
 */
async function insert(tx: Tx, rows: readonly ReturnType<typeof rowOf>[], bodies: Buffer): Promise<number> {
  const row = await tx.one<{ count: number }>(
    `WITH v AS MATERIALIZED (
       SELECT * FROM ${EVENTS.as('v', 2)}),
     told AS (
       INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, bulk_id, payout_id, occurred_at, body)
       SELECT id, merchant_id, feed, type, subject_id, sequence, bulk_id, payout_id, occurred_at, substring($1::bytea FROM body_at FOR body_bytes)
       FROM v ORDER BY body_at),
     inserted AS (
       INSERT INTO webhook_delivery (id, merchant_id, endpoint_id, event_id, subject_id, sequence, bulk_id, payout_id, state)
       SELECT tranche_uuid(), v.merchant_id, e.id, v.id, v.subject_id, v.sequence, v.bulk_id, v.payout_id, 'waiting'
       FROM v
       JOIN webhook_endpoint e ON e.merchant_id = v.merchant_id AND e.deleted_at IS NULL AND CASE
         WHEN v.only_endpoint_id IS NOT NULL THEN e.id = v.only_endpoint_id
         ELSE e.id = v.bulk_endpoint_id
           OR (e.registered AND e.id <> v.subject_id AND (e.event_types IS NULL OR v.type = ANY (e.event_types))) END
       RETURNING endpoint_id),
     woken AS (${wakeLanes('SELECT DISTINCT endpoint_id FROM inserted')})
     SELECT count(*)::integer AS count FROM inserted`,
    [bodies, ...EVENTS.of(rows)],
  );
  return row?.count ?? 0;
}
