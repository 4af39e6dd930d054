import type { Tx } from '../platform/database/index.js';
import { statesOf, toSqlList } from '../platform/lifecycle/index.js';
import { payoutIntentLifecycle } from './payout-intent.lifecycle.js';
import { isSettled } from './settle-intents.js';

/** From here a payout goes on only when somebody asks for it. */
const AT_REST = `('PROCESSED', 'INTENT_CREATION_FAILED', 'CANCELLED')`;
const OUTCOME_OPEN = toSqlList(statesOf(payoutIntentLifecycle).filter((status) => !isSettled(status)));

/** Of a payout `p` with its intent `i`, if there is one. What is invalid is not at rest: its merchant may still edit it. */
export const PAYOUT_AT_WORK = `(p.status NOT IN ${AT_REST} OR coalesce(i.status IN ${OUTCOME_OPEN}, false))`;

/**
 * Which of these payouts and bulks are not at rest: a payout that is not, or whose intent is still open, and a bulk with such a
 * status.
 */
export async function subjectsAtWork(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>(
    `SELECT p.id FROM payout p LEFT JOIN payout_intent i ON i.payout_id = p.id
     WHERE p.id = ANY ($1::uuid[]) AND ${PAYOUT_AT_WORK}
     UNION ALL SELECT bulk_id FROM bulk_progress WHERE bulk_id = ANY ($1::uuid[]) AND status NOT IN ${AT_REST}`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}
