import { Inject, Injectable } from '@nestjs/common';
import { recordAudit } from '../platform/audit/index.js';
import { type SealedTable, Sealer } from '../platform/crypto/index.js';
import { anyOf, type Tx } from '../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import type { StoredLimits } from '../platform/money/index.js';
import type { ConnectorEntity, PausedBy } from './connector.entity.js';

/** What an operator writes of a connector. */
export interface ConnectorSettings {
  readonly name: string;
  /** In clear, as given; sealed before it is written. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly currencies: readonly string[] | null;
  readonly method_types: readonly string[] | null;
  readonly max_concurrency: number;
  readonly rate_per_second: number | null;
  readonly limits: StoredLimits;
}

/** The answers of one group of calls, in the order in which they came: how many unreadable ones stand at the end of it. */
export interface AnswerTally {
  readonly readable: number;
  readonly unreadableAtEnd: number;
}

/** A provider that can not be understood this often in a row is not the one that the connector was made for. */
export const UNREADABLE_STREAK_MAX = 20;

/** What holds the calls of a connector back at this moment, by the clock of the database. */
export interface Restraint {
  /** For how long the provider is to be left alone; not above zero: it need not be. */
  readonly busy_ms: number;
  /** `to_probe`: open, and one payout may find out whether it can be closed. */
  readonly breaker: 'closed' | 'open' | 'to_probe';
}

type Row = ConnectorEntity & Record<string, unknown>;

const COLUMNS = `id, name, type, config, currencies, method_types, max_concurrency, rate_per_second, limits,
  paused_at, paused_by, pause_reason, resumed_at, resume_reason, unreadable_streak, busy_until, fault_streak, breaker_opened_at, breaker_until, lists_payments,
  reconciled_until, created_at, updated_at`;

const connectors = new KeysetList<Row>({
  kind: 'connector',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: 'SELECT id AS key FROM connector WHERE id = $1',
  values: 0,
  select: (condition) => `SELECT ${COLUMNS} FROM connector WHERE ${condition}`,
});

/** All SQL of configured connectors, and the sealing of their config. */
@Injectable()
export class ConnectorRepository {
  constructor(@Inject(Sealer) private readonly sealer: Sealer) {}

  /** @returns null where a connector with this id exists. */
  insert(tx: Tx, connector: ConnectorSettings & { readonly id: string; readonly type: string }): Promise<ConnectorEntity | null> {
    const { id, name, type, config, currencies, method_types, max_concurrency, rate_per_second, limits } = connector;
    return tx.one<Row>(
      `INSERT INTO connector (id, name, type, config, currencies, method_types, max_concurrency, rate_per_second, limits)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING RETURNING ${COLUMNS}`,
      [id, name, type, this.sealConfig(id, config), currencies, method_types, max_concurrency, rate_per_second, limits],
    );
  }

  find(tx: Tx, id: string): Promise<ConnectorEntity | null> {
    return tx.one<Row>(`SELECT ${COLUMNS} FROM connector WHERE id = $1`, [id]);
  }

  /** Those of these ids that there are. */
  of(tx: Tx, ids: readonly string[]): Promise<ConnectorEntity[]> {
    return tx.query<Row>(`SELECT ${COLUMNS} FROM connector WHERE id = ${anyOf('$1')}`, [ids]);
  }

  /** NO KEY UPDATE: merchants, and payments that a provider tells of, name the connector and take only a key share of its row. */
  lock(tx: Tx, id: string): Promise<ConnectorEntity | null> {
    return tx.one<Row>(`SELECT ${COLUMNS} FROM connector WHERE id = $1 FOR NO KEY UPDATE`, [id]);
  }

  /** Every connector, for the worker that serves them all. */
  all(tx: Tx): Promise<(ConnectorEntity & Restraint)[]> {
    return tx.query<Row & Restraint>(
      `SELECT ${COLUMNS}, coalesce(extract(epoch FROM busy_until - tranche_now()) * 1000, 0)::double precision AS busy_ms,
         CASE WHEN breaker_until IS NULL THEN 'closed'
           WHEN breaker_until > tranche_now() OR probe_until > tranche_now() THEN 'open' ELSE 'to_probe' END AS breaker
       FROM connector ORDER BY id`,
    );
  }

  /** Newest first. @throws `invalid_cursor` */
  list(tx: Tx, page: PageQuery): Promise<KeysetPage<ConnectorEntity>> {
    return connectors.read(tx, page, { values: [], cursorValues: [] });
  }

  /** Replaces all settings: the caller has locked the row and merged what it was given. */
  write(tx: Tx, id: string, settings: ConnectorSettings): Promise<ConnectorEntity | null> {
    const { name, config, currencies, method_types, max_concurrency, rate_per_second, limits } = settings;
    return tx.one<Row>(
      `UPDATE connector SET name = $2, config = $3, currencies = $4, method_types = $5, max_concurrency = $6, rate_per_second = $7,
         limits = $8, updated_at = tranche_now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name, this.sealConfig(id, config), currencies, method_types, max_concurrency, rate_per_second, limits],
    );
  }

  /**
   * Pausing what is paused keeps its beginning. The engine never takes over an operator's pause; an operator takes over
   * the engine's, with the newer reason. @returns null where there is no such connector, or nothing to change.
   */
  async pause(tx: Tx, id: string, pause: { readonly by: PausedBy; readonly reason: string }): Promise<ConnectorEntity | null> {
    const paused = await tx.one<Row>(
      `UPDATE connector SET paused_at = coalesce(paused_at, tranche_now()), paused_by = $2, pause_reason = $3, updated_at = tranche_now()
       WHERE id = $1 AND (paused_at IS NULL OR $2 = 'operator') RETURNING ${COLUMNS}`,
      [id, pause.by, pause.reason],
    );
    // An operator's request leaves an entry by itself; the engine asks nobody.
    if (paused !== null && pause.by === 'engine') {
      await recordAudit(tx, {
        merchantId: null,
        actor: { kind: 'system', id: 'engine' },
        requestId: null,
        action: 'pauseConnector',
        subject: toTypeId('connector', id),
        changes: [{ field: 'reason', before: null, after: pause.reason }],
      });
    }
    return paused;
  }

  /**
   * Starts every count of faults afresh. Who resumes has looked at the payments that contradicted our books: they do not pause
   * it again. @returns null where there is no such connector.
   */
  resume(tx: Tx, id: string, reason: string | null = null): Promise<ConnectorEntity | null> {
    return tx.one<Row>(
      `WITH looked_at AS (
         UPDATE stray_payment SET acknowledged_at = tranche_now(), acknowledge_reason = $2
         WHERE connector_id = $1 AND acknowledged_at IS NULL)
       UPDATE connector SET paused_at = NULL, paused_by = NULL, pause_reason = NULL, resumed_at = tranche_now(), resume_reason = $2, unreadable_streak = 0, busy_until = NULL,
         fault_streak = 0, breaker_openings = 0, breaker_opened_at = NULL, breaker_until = NULL, probe_until = NULL,
         updated_at = tranche_now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, reason],
    );
  }

  /**
   * Counts unreadable answers in a row, and pauses at the twentieth. Call it once per group of answers; it leaves the row
   * alone in the ordinary case. @returns true where it has paused the connector.
   */
  async countAnswers(tx: Tx, id: string, answers: AnswerTally): Promise<boolean> {
    const row = await tx.one<{ unreadable_streak: number }>(
      `UPDATE connector SET unreadable_streak = CASE WHEN $2 > 0 THEN 0 ELSE unreadable_streak END + $3::integer
       WHERE id = $1 AND ($3::integer > 0 OR ($2::integer > 0 AND unreadable_streak > 0)) RETURNING unreadable_streak`,
      [id, answers.readable, answers.unreadableAtEnd],
    );
    if (row === null || row.unreadable_streak < UNREADABLE_STREAK_MAX) return false;
    const reason = `${row.unreadable_streak} answers in a row could not be read`;
    return (await this.pause(tx, id, { by: 'engine', reason })) !== null;
  }

  /** The config in clear, credentials included: never answer or log it. */
  openConfig(connector: Pick<ConnectorEntity, 'id' | 'config'>): Readonly<Record<string, unknown>> {
    return JSON.parse(this.sealer.open(connector.config, placeOf(connector.id))) as Record<string, unknown>;
  }

  /** The same, or null where no key opens it: whoever runs the engine still sees the connector, brakes it, and gives it another config. */
  configIfReadable(connector: Pick<ConnectorEntity, 'id' | 'config'>): Readonly<Record<string, unknown>> | null {
    try {
      return this.openConfig(connector);
    } catch {
      return null;
    }
  }

  private sealConfig(id: string, config: Readonly<Record<string, unknown>>): Buffer {
    return this.sealer.seal(JSON.stringify(config), placeOf(id));
  }
}

const placeOf = (id: string): string => `connector:${id}:config`;

export const sealedConnectors: SealedTable = {
  table: 'connector',
  key: { id: 'uuid' },
  columns: { config: ({ id = '' }) => placeOf(id) },
};
