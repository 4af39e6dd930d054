import type { Transactions } from '../../src/platform/database/index.js';

/** Child, column, parent and its key: what would be foreign keys, were they not looked up for each of a million rows (docs/adr/0018). */
const NAMED = [
  ['payout', 'bulk_id', 'bulk', 'id'],
  ['payout', 'connector_id', 'connector', 'id'],
  ['payout_revision', 'payout_id', 'payout', 'id'],
  ['payout_intent', 'payout_id', 'payout', 'id'],
  ['payout_intent', 'connector_id', 'connector', 'id'],
  ['payout_origin', 'payout_id', 'payout', 'id'],
  ['attempt', 'payout_id', 'payout_intent', 'payout_id'],
  ['attempt', 'connector_id', 'connector', 'id'],
  ['attempt_step', 'attempt_id', 'attempt', 'id'],
  ['event', 'payout_id', 'payout', 'id'],
  ['event', 'bulk_id', 'bulk', 'id'],
  ['webhook_delivery', 'event_id', 'event', 'id'],
  ['webhook_delivery', 'endpoint_id', 'webhook_endpoint', 'id'],
  ['webhook_attempt', 'delivery_id', 'webhook_delivery', 'id'],
] as const;

const ORPHANS = NAMED.map(
  ([child, column, parent, key]) =>
    `SELECT '${child}.${column} names no ${parent}: ' || c.${column} AS orphan FROM ${child} c
     WHERE c.${column} IS NOT NULL AND NOT EXISTS (SELECT FROM ${parent} p WHERE p.${key} = c.${column})`,
).join(' UNION ALL ');

/** @returns a sentence for each row that names what is not there. */
export async function orphansOf(transactions: Transactions): Promise<string[]> {
  const rows = await transactions.asEngine((tx) => tx.query<{ orphan: string }>(ORPHANS));
  return rows.map(({ orphan }) => orphan);
}
