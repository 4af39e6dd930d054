import { createHash } from 'node:crypto';
import type { Change } from '../database/index.js';
import { toTypeId } from '../ids/index.js';

export type ActorKind = 'merchant_key' | 'operator' | 'system';

export interface Actor {
  readonly kind: ActorKind;
  /** `key_…`, the name of a duty, or `guest` for who has shown what the subject names; null: the operator key of the configuration. */
  readonly id: string | null;
}

/** What is written of one act. Personal and account data have no place in it, neither clear nor masked. */
export interface AuditDraft {
  /** Whose chain it belongs to; null: the engine's own. */
  readonly merchantId: string | null;
  readonly actor: Actor;
  readonly requestId: string | null;
  /** The operation of the API document, or the like of it. */
  readonly action: string;
  /** The id of what was acted on. */
  readonly subject: string | null;
  readonly changes: readonly Change[];
}

/** An entry as it is stored. */
export interface AuditRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly occurred_at: Date;
  readonly actor_kind: ActorKind;
  readonly actor_id: string | null;
  readonly request_id: string | null;
  readonly action: string;
  readonly subject: string | null;
  readonly changes: readonly Change[];
  /** Null: not in the chain yet. */
  readonly number: string | null;
  readonly hash: Buffer | null;
}

export const AUDIT_COLUMNS = 'id, occurred_at, actor_kind, actor_id, request_id, action, subject, changes, number, hash';

/** Stands for the engine where a uuid stands for a merchant (RFC 9562's max UUID: no merchant can have it). */
export const ENGINE_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** What the first entry of a chain has before it. */
export const NO_HASH = Buffer.alloc(32);

/**
 * SHA-256 over the hash before and the entry as JSON without spaces: whoever has the exported entries can compute it anew.
 * Numbers stand in it, so an entry that is taken out, put in or moved changes the hash of every one behind it.
 */
export const hashOf = (before: Buffer, number: number, entry: AuditRow): Buffer =>
  createHash('sha256')
    .update(before)
    .update(
      JSON.stringify([
        number,
        toTypeId('audit', entry.id),
        entry.occurred_at.toISOString(),
        entry.actor_kind,
        entry.actor_id,
        entry.request_id,
        entry.action,
        entry.subject,
        entry.changes,
      ]),
    )
    .digest();

/** What the end of a chain is sealed with: a keyed hash of this. */
export const endOf = (merchantId: string, number: number, hash: Buffer): string =>
  `audit_chain:${merchantId}:${number}:${hash.toString('hex')}`;
