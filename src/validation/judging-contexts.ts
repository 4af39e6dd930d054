import { Injectable, Logger } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRegistry, ConnectorRepository, ConnectorUnavailableError } from '../connectors/index.js';
import { anyOf, type Tx } from '../platform/database/index.js';
import type { StoredLimits } from '../platform/money/index.js';
import type { MerchantCaps } from './amount-caps.js';
import { smallestLimits, smallestOf } from './payout-limits.js';
import type { JudgementContext } from './rule.js';

/** What all payouts of one bulk are judged by, and where they would go. */
export interface JudgingContext {
  readonly rules: Omit<JudgementContext, 'acceptedAt'>;
  readonly connectorId: string | null;
  readonly caps: MerchantCaps;
}

interface Surroundings {
  readonly scheduled_date: string | null;
  readonly timezone: string | null;
  readonly merchant_timezone: string | null;
  readonly limits: StoredLimits;
  readonly connector_id: string | null;
  readonly now: Date;
}

const SURROUNDINGS = `m.timezone AS merchant_timezone, m.limits, m.connector_id, tranche_now() AS now`;

/** Collects what payouts are judged by: dates of the bulk, zone, limits and route of the merchant, the database's clock. */
@Injectable()
export class JudgingContexts {
  private readonly logger = new Logger(JudgingContexts.name);

  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly connectors: ConnectorRepository,
  ) {}

  /** By bulk id. A bulk whose connector can not be opened is left out: its payouts wait, and those of others do not. */
  async load(tx: Tx, payouts: readonly { readonly bulk_id: string }[]): Promise<Map<string, JudgingContext>> {
    const bulkIds = [...new Set(payouts.map(({ bulk_id }) => bulk_id))];
    const rows = await tx.query<Surroundings & { id: string }>(
      `SELECT b.id, b.scheduled_date, b.timezone, ${SURROUNDINGS}
       FROM bulk b JOIN merchant m ON m.id = b.merchant_id WHERE b.id = ${anyOf('$1')}`,
      [bulkIds],
    );
    const connectors = await this.connectorsOf(tx, rows);
    const contexts = new Map<string, JudgingContext>();
    for (const row of rows) {
      try {
        contexts.set(row.id, this.contextOf(row, connectors));
      } catch (error) {
        if (!(error instanceof ConnectorUnavailableError)) throw error;
        this.logger.error(`a bulk waits to be validated: ${error.message}`);
      }
    }
    return contexts;
  }

  /** For a bulk that is not stored. */
  async loadDryRun(
    tx: Tx,
    merchantId: string,
    bulk: { scheduled_date: string | null; timezone: string | null },
  ): Promise<JudgingContext> {
    const row = await tx.one<Omit<Surroundings, 'scheduled_date' | 'timezone'>>(
      `SELECT ${SURROUNDINGS} FROM merchant m WHERE m.id = $1`,
      [merchantId],
    );
    if (row === null) throw new Error('the merchant of a valid key is gone');
    return this.contextOf({ ...row, ...bulk }, await this.connectorsOf(tx, [row]));
  }

  /** Each is read once, however many of the bulks go there. */
  private async connectorsOf(tx: Tx, rows: readonly Pick<Surroundings, 'connector_id'>[]): Promise<Map<string, ConnectorEntity>> {
    const ids = [...new Set(rows.flatMap((row) => this.registry.routeFor(row) ?? []))];
    return new Map((await this.connectors.of(tx, ids)).map((connector) => [connector.id, connector]));
  }

  private contextOf(row: Surroundings, connectors: ReadonlyMap<string, ConnectorEntity>): JudgingContext {
    const connectorId = this.registry.routeFor(row);
    const connector = connectors.get(connectorId ?? '');
    const capabilities = connector === undefined ? null : this.registry.fromRow(connector).capabilities;
    return {
      connectorId,
      caps: {
        bulk: smallestOf([row.limits.max_bulk_amount]),
        day: smallestOf([row.limits.max_daily_amount]),
        timezone: row.merchant_timezone ?? 'UTC',
      },
      rules: {
        judgedAt: row.now,
        bulk: { scheduled_date: row.scheduled_date, timezone: row.timezone },
        merchantTimezone: row.merchant_timezone,
        limits: smallestLimits(row.limits, connector?.limits ?? {}),
        routes: (methodType, currency) =>
          capabilities !== null && includes(capabilities.methodTypes, methodType) && includes(capabilities.currencies, currency),
      },
    };
  }
}

/** Null: every one. */
const includes = (list: readonly string[] | null, one: string): boolean => list === null || list.includes(one);
