import type { Change, Tx } from '../database/index.js';
import { newUuid } from '../ids/index.js';
import { type AuditDraft, ENGINE_ID } from './audit-entry.js';

/** The entry, in the transaction of the act: there is none without the other. Its chain is closed over it afterwards. */
export async function recordAudit(tx: Tx, draft: AuditDraft): Promise<void> {
  await tx.query(
    `INSERT INTO audit_entry (id, merchant_id, actor_kind, actor_id, request_id, action, subject, changes)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[newUuid(), draft.merchantId ?? ENGINE_ID, draft.actor.kind, draft.actor.id, draft.requestId],
      ...[draft.action, draft.subject, JSON.stringify(draft.changes)],
    ],
  );
}

type Fields<Shape> = readonly (keyof Shape & string)[];

/** What differs in these fields; no `before`: something new, of which those are told that have a value. */
export const differences = <Shape extends object>(
  fields: Fields<Shape>,
  after: Partial<Shape>,
  before: Partial<Shape> = {},
): Change[] =>
  fields
    .map((field) => ({ field, before: plain(before[field]), after: plain(after[field]) }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));

const plain = (value: unknown): unknown => (value === undefined ? null : value);
