import { Injectable } from '@nestjs/common';
import { isUniqueViolation, type Tx } from '../../platform/database/index.js';
import { newUuid } from '../../platform/ids/index.js';
import type { EndpointStatus } from '../deliveries/breaker.js';

export interface EndpointRow {
  readonly id: string;
  readonly merchant_id: string;
  readonly url: string;
  /** In whose words it is told; never changed. */
  readonly format: string;
  readonly registered: boolean;
  readonly from_bulk: boolean;
  readonly event_types: string[] | null;
  readonly description: string | null;
  /** Sealed; null where it is not registered. */
  readonly secrets: Buffer | null;
  readonly status: EndpointStatus;
  readonly reason: string | null;
  readonly since: Date;
  readonly failure_streak: number;
  readonly paused_until: Date | null;
  readonly last_success_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What a merchant may change of a registered endpoint. */
export type EndpointContent = Pick<EndpointRow, 'url' | 'event_types' | 'description'>;

/** The place of an endpoint's next own event. */
export interface ToldEndpoint {
  readonly id: string;
  readonly merchant_id: string;
  readonly url: string;
  readonly status: EndpointStatus;
  readonly reason: string | null;
  readonly last_sequence: number;
  readonly feed: string;
  readonly at: Date;
}

export const ENDPOINT_COLUMNS = `id, merchant_id, url, format, registered, from_bulk, event_types, description, secrets, status, reason, since,
  failure_streak, paused_until, last_success_at, created_at, updated_at`;

/**
 * All SQL that writes endpoints. Locks are NO KEY UPDATE: writers of events refer to the row while dispatchers and
 * merchants change it, and must not wait for them.
 */
@Injectable()
export class EndpointRepository {
  /**
   * The lane of a bulk's `webhook_url`, found or made. A lane that a bulk has named is never deleted, so reading it first
   * is safe, and spares every further bulk a write to a row that the dispatchers share.
   */
  async laneForUrl(tx: Tx, merchantId: string, url: string): Promise<string> {
    const known = await tx.one<{ id: string }>(
      `SELECT id FROM webhook_endpoint WHERE merchant_id = $1 AND url = $2 AND deleted_at IS NULL AND from_bulk`,
      [merchantId, url],
    );
    if (known !== null) return known.id;
    const made = await tx.one<{ id: string }>(
      `INSERT INTO webhook_endpoint (id, merchant_id, url, registered, from_bulk) VALUES ($1, $2, $3, false, true)
       ON CONFLICT (merchant_id, url) WHERE deleted_at IS NULL DO UPDATE SET from_bulk = true
       RETURNING id`,
      [newUuid(), merchantId, url],
    );
    if (made === null) throw new Error('an insert that updates on conflict gave no row');
    return made.id;
  }

  /**
   * Registers an endpoint; the lane of a URL that bulks already name becomes one. Its secrets are written next, in the same
   * transaction, because they are sealed for the id that this gives.
   * @returns its id, or null where the merchant has registered the URL before, or bulks name it and are told in another format.
   */
  async insert(
    tx: Tx,
    endpoint: { readonly id: string; readonly merchantId: string; readonly format: string } & EndpointContent,
  ): Promise<string | null> {
    const row = await tx.one<{ id: string }>(
      `INSERT INTO webhook_endpoint (id, merchant_id, url, registered, from_bulk, event_types, description, secrets, format)
       VALUES ($1, $2, $3, true, false, $4, $5, '', $6)
       ON CONFLICT (merchant_id, url) WHERE deleted_at IS NULL DO UPDATE SET registered = true, event_types = excluded.event_types,
         description = excluded.description, secrets = excluded.secrets,
         updated_at = greatest(webhook_endpoint.updated_at, tranche_now())
       WHERE NOT webhook_endpoint.registered AND webhook_endpoint.format = excluded.format
       RETURNING id`,
      [endpoint.id, endpoint.merchantId, endpoint.url, endpoint.event_types, endpoint.description, endpoint.format],
    );
    return row?.id ?? null;
  }

  /** How many endpoints the merchant has registered. Until the end of the transaction nobody else counts his. */
  async countRegistered(tx: Tx, merchantId: string): Promise<number> {
    // A statement of its own: the next one sees what was committed by whoever held the lock.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`endpoints of ${merchantId}`]);
    const row = await tx.one<{ count: number }>(
      `SELECT count(*)::integer AS count FROM webhook_endpoint WHERE merchant_id = $1 AND registered AND deleted_at IS NULL`,
      [merchantId],
    );
    return row?.count ?? 0;
  }

  /** The lane of a URL, whoever made it. */
  async idOfUrl(tx: Tx, merchantId: string, url: string): Promise<string | null> {
    const row = await tx.one<{ id: string }>(
      `SELECT id FROM webhook_endpoint WHERE merchant_id = $1 AND url = $2 AND deleted_at IS NULL`,
      [merchantId, url],
    );
    return row?.id ?? null;
  }

  /** The merchant's endpoint, locked; null where it has none of this id. */
  lock(tx: Tx, merchantId: string, id: string): Promise<EndpointRow | null> {
    return tx.one<EndpointRow & Record<string, unknown>>(
      `SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoint WHERE id = $1 AND merchant_id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`,
      [id, merchantId],
    );
  }

  async writeSecrets(tx: Tx, id: string, secrets: Buffer): Promise<void> {
    await tx.query(`UPDATE webhook_endpoint SET secrets = $2, updated_at = greatest(updated_at, tranche_now()) WHERE id = $1`, [
      id,
      secrets,
    ]);
  }

  /** @returns false where the merchant has another lane with the URL. */
  async writeContent(tx: Tx, id: string, content: EndpointContent): Promise<boolean> {
    try {
      // Only the unique index sees what others have not committed yet.
      await tx.savepoint(() =>
        tx.query(
          `UPDATE webhook_endpoint SET url = $2, event_types = $3, description = $4, updated_at = greatest(updated_at, tranche_now())
           WHERE id = $1`,
          [id, content.url, content.event_types, content.description],
        ),
      );
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  /** Ends the registration and forgets the secrets. The lane itself stays where a bulk names it; else all that is open of it is dropped. */
  async unregister(tx: Tx, id: string): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoint SET registered = false, secrets = NULL, event_types = NULL, description = NULL,
         rate_per_second = NULL, headers = NULL, header_names = NULL, public_keys = '[]',
         updated_at = greatest(updated_at, tranche_now()),
         deleted_at = CASE WHEN from_bulk THEN NULL ELSE tranche_now() END,
         backlog_from = CASE WHEN from_bulk THEN backlog_from ELSE 'infinity' END
       WHERE id = $1`,
      [id],
    );
  }

  /** Sets the status by hand, which ends any pause. It begins as a new lane does: with one call at a time. */
  async writeStatus(
    tx: Tx,
    id: string,
    { status, reason }: { status: 'active' | 'disabled'; reason: string | null },
  ): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoint SET status = $2, reason = $3, since = greatest(since, tranche_now()),
         updated_at = greatest(updated_at, tranche_now()), failure_streak = 0, failing_since = NULL, recent_since = '-infinity',
         pause_count = 0, paused_until = NULL, calls_max = 1, ready_at = '-infinity'
       WHERE id = $1`,
      [id, status, reason],
    );
  }

  /** Counts the next own event of each endpoint. It is told of no earlier instant than that of the status it shows. */
  nextEvents(tx: Tx, ids: readonly string[]): Promise<ToldEndpoint[]> {
    return tx.query<ToldEndpoint & Record<string, unknown>>(
      `UPDATE webhook_endpoint e SET last_sequence = e.last_sequence + 1, feed = greatest(e.feed, f.now)
       FROM (SELECT feed_now() AS now) f WHERE e.id = ANY ($1::uuid[])
       RETURNING e.id, e.merchant_id, e.url, e.status, e.reason, e.last_sequence, e.feed,
         greatest(e.since, tranche_now()) AS at`,
      [ids],
    );
  }
}
