import { newUuid } from '../../src/platform/ids/index.js';
import type { BenchMerchant } from './merchant.js';
import type { BenchServers } from './servers.js';

/** One statement's worth: long enough to be fast, short enough to be seen progressing. */
const GROUP = 50_000;
const PER_BULK = 1_000;

/** Of every hundred: the many that wait for a later day, the few that are due, the rest that is done. */
export interface Mix {
  readonly waitingOf100: number;
  readonly due: number;
}

/**
 * Payouts as they lie in a database after months, written by the database itself: with their contents, two events of each, and
 * bulks with their counts. What is sealed is not what the engine sealed, so none of them can be paid.
 */
export async function fillWith(
  servers: BenchServers,
  merchant: BenchMerchant,
  { connector, payouts, mix }: { readonly connector: string; readonly payouts: number; readonly mix: Mix },
): Promise<void> {
  // A receiver of their own, or they would be taken for contents of the time before receivers had keys, and be sealed anew.
  const receiver = newUuid();
  await servers.sql.query(`INSERT INTO receiver_key (id, merchant_id, receiver, sealed) VALUES ($1, $2, $1, 'filler')`, [
    receiver,
    merchant.uuid,
  ]);
  for (let filled = 0; filled < payouts; filled += GROUP) {
    const count = Math.min(GROUP, payouts - filled);
    await fillGroup(servers, { merchant: merchant.uuid, receiver, connector, from: filled, count, mix });
  }
  await servers.sql.query('VACUUM ANALYZE payout, payout_revision, event, bulk, bulk_progress');
}

interface Group {
  readonly merchant: string;
  readonly receiver: string;
  readonly connector: string;
  readonly from: number;
  readonly count: number;
  readonly mix: Mix;
}

async function fillGroup({ sql }: BenchServers, { merchant, receiver, connector, from, count, mix }: Group): Promise<void> {
  const bulks = Array.from({ length: Math.ceil(count / PER_BULK) }, newUuid);
  await sql.query(
    `INSERT INTO bulk (id, merchant_id, invalid_items, metadata, item_count) SELECT id, $1, 'hold', '{}', $3 FROM unnest($2::uuid[]) AS id`,
    [merchant, bulks, PER_BULK],
  );
  await sql.query(
    `INSERT INTO payout (id, merchant_id, bulk_id, position, reference, status, scheduled_at, connector_id, last_sequence)
     SELECT tranche_uuid(), $1, ($2::uuid[])[n / ${PER_BULK} + 1], n % ${PER_BULK}, 'filled-' || $3::integer + n,
       CASE WHEN $3 + n < $5 OR n % 100 < $6 THEN 'SCHEDULED' ELSE 'PROCESSED' END,
       CASE WHEN $3 + n < $5 THEN now() - interval '1 minute' ELSE now() + interval '1 day' + random() * interval '30 days' END, $7, 3
     FROM generate_series(0, $4::integer - 1) AS n`,
    [merchant, bulks, from, count, mix.due, mix.waitingOf100, connector],
  );
  await sql.query(
    `INSERT INTO payout_revision (payout_id, revision, merchant_id, amount, amount_minor, currency, receiver_key_id, payout_method, billing_data, metadata)
     SELECT id, 1, merchant_id, '120.50', 12050, 'EUR', $2, repeat('m', 200)::bytea, repeat('b', 400)::bytea, '{"invoice":"1001"}'
     FROM payout WHERE bulk_id = ANY ($1::uuid[])`,
    [bulks, receiver],
  );
  await sql.query(
    `INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, bulk_id, payout_id, body)
     SELECT tranche_uuid(), merchant_id, feed_now(), type, id, sequence, bulk_id, id,
       convert_to(json_build_object('type', type, 'timestamp', now(), 'data', json_build_object('sequence', sequence, 'payout_id', id,
         'reference', reference, 'filler', repeat('x', 250)))::text, 'UTF8')
     FROM payout CROSS JOIN (VALUES ('payout.created', 1), ('payout.scheduled', 2)) AS told (type, sequence)
     WHERE bulk_id = ANY ($1::uuid[])`,
    [bulks],
  );
  await sql.query(
    `INSERT INTO bulk_progress (bulk_id, merchant_id, totals, scheduled, processed)
     SELECT bulk_id, merchant_id, '[]', count(*) FILTER (WHERE status = 'SCHEDULED'), count(*) FILTER (WHERE status = 'PROCESSED')
     FROM payout WHERE bulk_id = ANY ($1::uuid[]) GROUP BY bulk_id, merchant_id`,
    [bulks],
  );
}
