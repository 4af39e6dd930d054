import pg from 'pg';
import type { HttpConnector } from '../../src/connectors/http/http.connector.js';
import { newUuid } from '../../src/platform/ids/index.js';
import type { BenchMerchant } from '../stage/merchant.js';
import { requestOf } from '../stage/provider.js';
import type { BenchServers } from '../stage/servers.js';
import { TwinTables } from '../stage/twin-tables.js';
import { type PayoutJob, POOL_SIZE, type WorkOff } from './scheduler.js';

const TABLES = ['payout', 'payout_intent', 'attempt', 'event', 'webhook_delivery'];

/**
 * One payout worked off as a careful handler of a job would: the same call, then the rows that the engine has in the end (intent,
 * attempt, three events, their three deliveries, the payout's status), as one statement that is one transaction. It is
 * spared what the engine does besides: writing the attempt ahead, counting in the bulk, opening encrypted account data.
 */
const WRITE = `
  WITH paid AS (
    UPDATE twin_payout SET status = 'PROCESSED', claim_no = claim_no + 1, last_sequence = last_sequence + 3, updated_at = now()
    WHERE id = $1 RETURNING id, merchant_id, bulk_id, connector_id, last_sequence),
  intent AS (
    INSERT INTO twin_payout_intent (payout_id, id, merchant_id, connector_id, status, provider_reference)
    SELECT id, $2, merchant_id, connector_id, 'succeeded', $4 FROM paid),
  attempt AS (
    INSERT INTO twin_attempt (id, payout_id, merchant_id, connector_id, number, idempotency_key, live, outcome, provider_reference, ended_at)
    SELECT $3, id, merchant_id, connector_id, 1, $1, false, 'accepted', $4, now() FROM paid),
  event AS (
    INSERT INTO twin_event (id, merchant_id, feed, type, subject_id, sequence, bulk_id, payout_id, body)
    SELECT v.id, paid.merchant_id, 1, v.type, paid.id, paid.last_sequence - 3 + v.place, paid.bulk_id, paid.id, v.body
    FROM paid CROSS JOIN unnest($5::uuid[], $6::text[], $7::bytea[]) WITH ORDINALITY AS v (id, type, body, place)
    RETURNING id, merchant_id, subject_id, sequence, bulk_id, payout_id)
  INSERT INTO twin_webhook_delivery (id, merchant_id, endpoint_id, event_id, subject_id, sequence, bulk_id, payout_id, state)
  SELECT gen_random_uuid(), merchant_id, merchant_id, id, subject_id, sequence, bulk_id, payout_id, 'waiting' FROM event`;

const TYPES = ['payout.processing_in_progress', 'payout.processed', 'payout.intent_succeeded'];

export class PayoutWork {
  private readonly pool: pg.Pool;

  constructor(
    { databaseUrl }: BenchServers,
    private readonly connector: HttpConnector,
  ) {
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
  }

  readonly workOff: WorkOff = async ({ payoutId, request }) => {
    const outcome = await this.connector.submit(request);
    if (outcome.kind !== 'accepted') throw new Error(`the provider of the bench answered ${outcome.kind}`);
    const bodies = TYPES.map((type) => Buffer.from(JSON.stringify(bodyOf(type, request, payoutId))));
    const ids = TYPES.map(() => newUuid());
    const values = [payoutId, newUuid(), newUuid(), outcome.payment.providerReference, ids, TYPES, bodies];
    await this.pool.query({ name: 'payout-work', text: WRITE, values });
  };

  async close(): Promise<void> {
    await this.connector.close();
    await this.pool.end();
  }
}

/** So many payouts as this merchant has them, waiting in tables like ours with nothing else in them, and a job for each. */
export async function layWork(servers: BenchServers, merchant: BenchMerchant, payouts: number): Promise<PayoutJob[]> {
  const twins = await TwinTables.create(servers, TABLES);
  await twins.empty(...TABLES);
  if ((await servers.count('payout WHERE merchant_id = $1', [merchant.uuid])) < payouts) await merchant.createValidated(payouts);
  const { rows } = await twins.sql.query<{ id: string }>(
    `INSERT INTO twin_payout SELECT * FROM payout WHERE merchant_id = $1 ORDER BY id DESC LIMIT $2 RETURNING id`,
    [merchant.uuid, payouts],
  );
  await twins.sql.query(`UPDATE twin_payout SET status = 'SCHEDULED'`);
  for (const table of TABLES) await twins.sql.query(`VACUUM ANALYZE twin_${table}`);
  const at = new Date();
  return rows.map(({ id }, place) => ({ payoutId: id, at, request: requestOf(undefined, place) }));
}

/** As long as the engine's. */
const bodyOf = (type: string, request: PayoutJob['request'], payoutId: string) => ({
  type,
  timestamp: new Date().toISOString(),
  data: {
    event_id: payoutId,
    sequence: 3,
    bulk_id: payoutId,
    bulk_reference: request.bulkReference,
    payout_id: payoutId,
    reference: request.reference,
    previous_status: 'SCHEDULED',
    status: 'PROCESSING_IN_PROGRESS',
    final: false,
    amount: request.amount,
    currency: request.currency,
    scheduled_at: new Date().toISOString(),
    issues: [],
    intent: { id: request.intentId, status: 'succeeded', connector: 'http', provider_reference: payoutId, failure: null },
  },
});
