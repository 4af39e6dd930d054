import type { Tx } from '../../platform/database/index.js';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import { formatInstant } from '../../platform/time/index.js';
import { wakeLanes } from '../deliveries/lane.repository.js';
import type { EventDraft } from './event-draft.js';

/**
 * Writes events and their deliveries in the transaction of the change they tell: two statements, however many there are.
 * Safe to crash here because state, event and deliveries are one commit: none of them is ever there without the others.
 */
export async function recordEvents(tx: Tx, drafts: readonly EventDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const events = drafts.map((draft) => ({ ...draft, id: newUuid() }));
  await insertEvents(tx, events);
  if ((await insertDeliveries(tx, events)) > 0) tx.wake('deliver');
  tx.wake('follow');
}

interface IdentifiedDraft extends EventDraft {
  readonly id: string;
}

/** Numbered (`place`) in the order of the drafts, so that each subject's events stand in the order of their sequence. */
async function insertEvents(tx: Tx, events: readonly IdentifiedDraft[]): Promise<void> {
  const rows = events.map((event) => ({
    id: event.id,
    merchant_id: event.merchantId,
    feed: event.feed,
    type: event.type,
    subject_id: event.subjectId,
    sequence: event.sequence,
    bulk_id: event.bulkId,
    payout_id: event.payoutId,
    occurred_at: formatInstant(event.at),
    body: bodyOf(event),
  }));
  await tx.query(
    `INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, bulk_id, payout_id, occurred_at, body)
     SELECT v.id, v.merchant_id, v.feed, v.type, v.subject_id, v.sequence, v.bulk_id, v.payout_id, v.occurred_at, convert_to(v.body, 'UTF8')
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (id uuid, merchant_id uuid, feed bigint, type text, subject_id uuid,
       sequence integer, bulk_id uuid, payout_id uuid, occurred_at timestamptz, body text)) WITH ORDINALITY AS v
     ORDER BY v.ordinality`,
    [JSON.stringify(rows)],
  );
}

/** The exact text of every delivery and of the event feed. */
const bodyOf = (event: IdentifiedDraft): string =>
  JSON.stringify({
    type: event.type,
    timestamp: formatInstant(event.at),
    data: { event_id: toTypeId('event', event.id), sequence: event.sequence, ...event.data },
  });

/**
 * One delivery per event and endpoint, so an endpoint that is both the bulk's and registered gets one. What an endpoint's
 * own subject tells goes to the others. The endpoint's row is not locked, or every writer would wait for every dispatcher:
 * a delivery that is written while its endpoint is being disabled may stay `waiting`, which is the same as held there,
 * because nothing of a disabled endpoint is claimed and enabling asks about both.
 */
async function insertDeliveries(tx: Tx, events: readonly IdentifiedDraft[]): Promise<number> {
  const rows = events.map((event) => ({
    id: event.id,
    merchant_id: event.merchantId,
    type: event.type,
    subject_id: event.subjectId,
    sequence: event.sequence,
    bulk_id: event.bulkId,
    payout_id: event.payoutId,
    bulk_endpoint_id: event.bulkEndpointId,
    only_endpoint_id: event.onlyEndpointId ?? null,
  }));
  const row = await tx.one<{ count: number }>(
    `WITH inserted AS (
       INSERT INTO webhook_delivery (id, merchant_id, endpoint_id, event_id, subject_id, sequence, bulk_id, payout_id, state)
       SELECT tranche_uuid(), v.merchant_id, e.id, v.id, v.subject_id, v.sequence, v.bulk_id, v.payout_id,
         CASE e.status WHEN 'disabled' THEN 'held' ELSE 'waiting' END
       FROM jsonb_to_recordset($1::jsonb) AS v (id uuid, merchant_id uuid, type text, subject_id uuid, sequence integer, bulk_id uuid,
         payout_id uuid, bulk_endpoint_id uuid, only_endpoint_id uuid)
       JOIN webhook_endpoint e ON e.merchant_id = v.merchant_id AND e.deleted_at IS NULL AND CASE
         WHEN v.only_endpoint_id IS NOT NULL THEN e.id = v.only_endpoint_id
         ELSE e.id = v.bulk_endpoint_id
           OR (e.registered AND e.id <> v.subject_id AND (e.event_types IS NULL OR v.type = ANY (e.event_types))) END
       RETURNING endpoint_id),
     woken AS (${wakeLanes('SELECT DISTINCT endpoint_id FROM inserted')})
     SELECT count(*)::integer AS count FROM inserted`,
    [JSON.stringify(rows)],
  );
  return row?.count ?? 0;
}
