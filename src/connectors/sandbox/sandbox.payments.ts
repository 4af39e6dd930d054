import type { Transactions, Tx } from '../../platform/database/index.js';
import { newUuid } from '../../platform/ids/index.js';
import { Grouped } from './grouped.js';
import { FATES, type FateName } from './sandbox.fates.js';

/** One send as the sandbox keeps it: account data only as keyed hashes. */
export interface SandboxSend {
  readonly idempotencyKey: string;
  readonly requestHash: Buffer;
  readonly intentId: string;
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly receiverHash: Buffer;
  readonly fate: FateName;
}

export interface SandboxPayment {
  readonly id: string;
  readonly fate: FateName;
  readonly amount: string;
  readonly currency: string;
  /** On the database's clock. */
  readonly age_ms: number;
  readonly cancelled: boolean;
}

export type SandboxAnswer =
  | { readonly kind: 'busy' }
  /** `first` is true for the one send that was taken; the fate of the answer is for it alone. */
  | { readonly kind: 'taken'; readonly first: boolean; readonly payment: SandboxPayment }
  | { readonly kind: 'other_content' };

/** One page of the list: a quick statement. */
export const LIST_PAGE = 500;

/** The process that made an id may have had another time than the database; beyond this a list by id would miss a payment. */
const CLOCKS_APART_MS = 3_600_000;

/** Ids begin with their time (UUIDv7), so the primary key finds where a list starts. */
function lowestIdAt(at_ms: number): string {
  const time = Math.max(0, at_ms).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

export interface SandboxListed extends SandboxPayment {
  readonly idempotency_key: string;
}

interface StoredPayment extends SandboxPayment {
  readonly [column: string]: unknown;
  readonly idempotency_key: string;
  readonly request_hash: Buffer;
}

const STORED = `idempotency_key, id, request_hash, fate, amount, currency,
  (extract(epoch FROM tranche_now() - created_at) * 1000)::float8 AS age_ms, cancelled_at IS NOT NULL AS cancelled`;

/**
 * The sandbox's own books, in its own transactions: it stands for a foreign system, so nothing here shares a transaction
 * with the engine. Sends and look-ups are grouped.
 */
export class SandboxPayments {
  private readonly sends = new Grouped<SandboxSend, SandboxAnswer>((group) =>
    this.transactions.asEngine((tx) => this.takeGroup(tx, group)),
  );
  private readonly lookups = new Grouped<string, SandboxPayment | null>((keys) =>
    this.transactions.asEngine((tx) => this.findGroup(tx, keys)),
  );

  constructor(
    private readonly transactions: Transactions,
    private readonly connectorId: string,
  ) {}

  take(send: SandboxSend): Promise<SandboxAnswer> {
    return this.sends.add(send);
  }

  find(idempotencyKey: string): Promise<SandboxPayment | null> {
    return this.lookups.add(idempotencyKey);
  }

  /** What was taken since an instant, in the order of the ids. */
  list(createdAfter: Date, after: string | null): Promise<SandboxListed[]> {
    return this.transactions.asEngine((tx) =>
      tx.query<SandboxListed & Record<string, unknown>>(
        `SELECT ${STORED} FROM sandbox_payment
         WHERE connector_id = $1 AND created_at >= $2 AND id > $3 ORDER BY id LIMIT $4`,
        [this.connectorId, createdAfter, after ?? lowestIdAt(createdAfter.getTime() - CLOCKS_APART_MS), LIST_PAGE],
      ),
    );
  }

  /** As the payment stands afterwards, whether it could be taken back or not; null where there is none of this id. */
  cancelUnclaimed(id: string): Promise<SandboxPayment | null> {
    return this.transactions.asEngine(async (tx) => {
      const place = [this.connectorId, id];
      await tx.query(
        `UPDATE sandbox_payment SET cancelled_at = coalesce(cancelled_at, tranche_now())
         WHERE connector_id = $1 AND id = $2 AND fate = 'unclaimed'`,
        place,
      );
      return tx.one<StoredPayment>(`SELECT ${STORED} FROM sandbox_payment WHERE connector_id = $1 AND id = $2`, place);
    });
  }

  async idle(): Promise<void> {
    await Promise.all([this.sends.idle(), this.lookups.idle()]);
  }

  private async takeGroup(tx: Tx, group: readonly SandboxSend[]): Promise<SandboxAnswer[]> {
    const busy = await this.countBusy(tx, group);
    const ids = await this.insertNew(
      tx,
      group.filter((send) => !busy.has(send.idempotencyKey)),
    );
    const repeated = group.filter((send) => !busy.has(send.idempotencyKey) && !ids.has(send));
    const stored =
      repeated.length === 0
        ? new Map<string, StoredPayment>()
        : await this.stored(
            tx,
            repeated.map((send) => send.idempotencyKey),
          );
    return group.map((send) => {
      if (busy.has(send.idempotencyKey)) return { kind: 'busy' };
      const { fate, amount, currency } = send;
      const id = ids.get(send);
      if (id !== undefined)
        return { kind: 'taken', first: true, payment: { id, fate, amount, currency, age_ms: 0, cancelled: false } };
      const payment = stored.get(send.idempotencyKey);
      if (payment === undefined) throw new Error('a conflicting sandbox payment is gone; the ledger is append-only');
      return payment.request_hash.equals(send.requestHash) ? { kind: 'taken', first: false, payment } : { kind: 'other_content' };
    });
  }

  /** The keys that are still to be answered 429, each counted once; in the order of the keys, so that no two groups deadlock. */
  private async countBusy(tx: Tx, group: readonly SandboxSend[]): Promise<Set<string>> {
    const keys = new Set(group.filter((send) => FATES[send.fate].busyAnswers > 0).map((send) => send.idempotencyKey));
    if (keys.size === 0) return keys;
    const rows = await tx.query<{ idempotency_key: string; refusals: number }>(
      `INSERT INTO sandbox_refusal (connector_id, idempotency_key, refusals)
       SELECT $1, key, 1 FROM unnest($2::text[]) AS key
       ON CONFLICT (connector_id, idempotency_key) DO UPDATE SET refusals = sandbox_refusal.refusals + 1
       RETURNING idempotency_key, refusals`,
      [this.connectorId, [...keys].sort()],
    );
    return new Set(rows.filter((row) => row.refusals <= FATES.busy_twice.busyAnswers).map((row) => row.idempotency_key));
  }

  /**
   * Of two sends of one key exactly one is inserted, whether they come in one group or from two processes: the unique
   * index lets the second wait for the first. Inserted in the order of the keys, so that no two groups deadlock.
   */
  private async insertNew(tx: Tx, sends: readonly SandboxSend[]): Promise<Map<SandboxSend, string>> {
    if (sends.length === 0) return new Map();
    const sorted = sends
      .map((send) => ({ id: newUuid(), send }))
      .sort((a, b) => (a.send.idempotencyKey < b.send.idempotencyKey ? -1 : 1));
    const column = <Value>(read: (send: SandboxSend) => Value): Value[] => sorted.map(({ send }) => read(send));
    const rows = await tx.query<{ id: string }>(
      `INSERT INTO sandbox_payment (connector_id, id, idempotency_key, request_hash, intent_id, reference, amount, currency, receiver_hash, fate)
       SELECT $1, v.* FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[]) AS v
       ON CONFLICT (connector_id, idempotency_key) DO NOTHING
       RETURNING id`,
      [
        this.connectorId,
        sorted.map(({ id }) => id),
        column((send) => send.idempotencyKey),
        column((send) => send.requestHash),
        column((send) => send.intentId),
        column((send) => send.reference),
        column((send) => send.amount),
        column((send) => send.currency),
        column((send) => send.receiverHash),
        column((send) => send.fate),
      ],
    );
    const inserted = new Set(rows.map((row) => row.id));
    return new Map(sorted.filter(({ id }) => inserted.has(id)).map(({ id, send }) => [send, id]));
  }

  private async findGroup(tx: Tx, keys: readonly string[]): Promise<(SandboxPayment | null)[]> {
    const stored = await this.stored(tx, keys);
    return keys.map((key) => stored.get(key) ?? null);
  }

  private async stored(tx: Tx, keys: readonly string[]): Promise<Map<string, StoredPayment>> {
    const rows = await tx.query<StoredPayment>(
      `SELECT ${STORED} FROM sandbox_payment WHERE connector_id = $1 AND idempotency_key = ANY($2::text[])`,
      [this.connectorId, keys],
    );
    return new Map(rows.map((row) => [row.idempotency_key, row]));
  }
}
