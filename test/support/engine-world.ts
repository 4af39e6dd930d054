import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { AppModule } from '../../src/app.module.js';
import { BulkAudit, CreateBulk, PayoutRepository, type PayoutRow } from '../../src/bulks/index.js';
import { type Capabilities, ConnectorRepository } from '../../src/connectors/index.js';
import { type Claimed, ClaimPayouts } from '../../src/payouts/claim-payouts.js';
import type { Decision } from '../../src/payouts/decide-outcome.js';
import { type Finding, SettleIntents } from '../../src/payouts/settle-intents.js';
import { Transactions, type Tx } from '../../src/platform/database/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { ValidatePayouts } from '../../src/validation/validate-payouts.js';
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.js';
import { type Item, validItem } from './items.js';
import './loose-timers.js';
import { orphansOf } from './orphans.js';
import { CONFIGURATION_OF_TESTS } from './test-configuration.js';
import { createDatabase, dropDatabase } from './test-database.js';
import { testMerchant } from './test-merchant.js';
import { TEMPLATE_DATABASE } from './test-server.js';
import { injectTime } from './webhook-clock.js';

/** A provider that can be asked and remembers keys for a day; an empty look-up counts after a second. */
export const CAPABILITIES: Capabilities = {
  methodTypes: null,
  currencies: null,
  lookup: true,
  keyRetention_ms: 86_400_000,
  staleWindow_ms: 1_000,
  timeout_ms: 5_000,
};

export interface EngineMerchant {
  readonly id: string;
  readonly connectorId: string;
}

export interface NewBulk {
  readonly items?: readonly Item[];
  readonly count?: number;
  readonly invalidItems?: 'hold' | 'reject' | 'drop';
}

/**
 * The engine's own parts on a database of their own, put together as the program does, with no worker running: every step
 * is taken by the test.
 */
export class EngineWorld {
  private readonly admin: pg.Pool;

  private constructor(
    private readonly context: INestApplicationContext,
    private readonly url: string,
  ) {
    this.admin = new pg.Pool({ connectionString: url, max: 4 });
    this.admin.on('error', () => undefined);
  }

  static async open(): Promise<EngineWorld> {
    const databaseUrl = await createDatabase(TEMPLATE_DATABASE);
    return EngineWorld.at(databaseUrl, databaseUrl);
  }

  /** A world whose way to its database can be cut. */
  static async openBehindProxy(): Promise<{ world: EngineWorld; proxy: CuttingProxy; close: () => Promise<void> }> {
    const databaseUrl = await createDatabase(TEMPLATE_DATABASE);
    const proxy = await cuttingProxy(databaseUrl);
    const world = await EngineWorld.at(databaseUrl, proxy.url);
    const close = async (): Promise<void> => {
      await world.close();
      await proxy.close();
    };
    return { world, proxy, close };
  }

  private static async at(databaseUrl: string, throughUrl: string): Promise<EngineWorld> {
    const configuration = {
      ...CONFIGURATION_OF_TESTS,
      databaseUrl: throughUrl,
      roles: new Set(['api'] as const),
    };
    return new EngineWorld(
      await NestFactory.createApplicationContext(AppModule.for(configuration), { logger: false }),
      databaseUrl,
    );
  }

  get<Part>(part: Type<Part>): Part {
    return this.context.get(part, { strict: false });
  }

  get transactions(): Transactions {
    return this.get(Transactions);
  }

  run<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    return this.transactions.asEngine(work);
  }

  /** By the superuser, to arrange and to look. */
  async query<Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.admin.query<Row>(text, [...values])).rows;
  }

  /** A merchant with a connector of its own, or with another's: what one test claims no other test sees. */
  async merchant(sharedConnectorId?: string): Promise<EngineMerchant> {
    const connectorId = sharedConnectorId ?? newUuid();
    if (sharedConnectorId === undefined) {
      const settings = {
        config: {},
        currencies: null,
        method_types: null,
        max_concurrency: 100,
        rate_per_second: null,
        limits: {},
      };
      await this.run((tx) =>
        this.get(ConnectorRepository).insert(tx, { id: connectorId, name: 'Test connector', type: 'sandbox', ...settings }),
      );
    }
    return { ...(await testMerchant(this, { connectorId })), connectorId };
  }

  /** A bulk that waits to be validated. @returns its id. */
  createBulk(merchant: EngineMerchant, { count = 1, items, invalidItems = 'hold' }: NewBulk = {}): Promise<string> {
    const head = { reference: null, label: null, webhookUrl: null, controlTotals: null, scheduledDate: null, timezone: null };
    return this.transactions.asMerchant(merchant.id, (tx) =>
      this.get(CreateBulk).execute(tx, {
        ...head,
        merchantId: merchant.id,
        invalidItems,
        metadata: {},
        items: items ?? Array.from({ length: count }, () => validItem()),
      }),
    );
  }

  /** Judges everything that waits. */
  async validate(): Promise<void> {
    while ((await this.get(ValidatePayouts).execute()) > 0);
  }

  async scheduledBulk(merchant: EngineMerchant, bulk: NewBulk = {}): Promise<string> {
    const bulkId = await this.createBulk(merchant, bulk);
    await this.validate();
    return bulkId;
  }

  async claim({ connectorId }: EngineMerchant, limit = 1_000): Promise<readonly Claimed[]> {
    return (await this.get(ClaimPayouts).execute(connectorId, limit, CAPABILITIES)).claimed;
  }

  settle(findings: readonly Finding[]): Promise<ReadonlySet<string>> {
    return this.run((tx) => this.get(SettleIntents).execute(tx, findings));
  }

  /** The rows of a bulk in its order, as any transaction would lock them. */
  async payouts(bulkId: string): Promise<PayoutRow[]> {
    const rows = await this.run((tx) => this.get(PayoutRepository).lockBulk(tx, bulkId));
    return rows.toSorted((a, b) => a.position - b.position);
  }

  async intentOf(payoutId: string): Promise<Record<string, unknown>> {
    const [intent] = await this.query(`SELECT * FROM payout_intent WHERE payout_id = $1`, [payoutId]);
    if (intent === undefined) throw new Error('this payout has no intent');
    return intent;
  }

  /** Types of what was told of a payout or a bulk, in its sequence. */
  async eventsOf(subjectId: string): Promise<string[]> {
    const rows = await this.query<{ type: string }>(`SELECT type FROM event WHERE subject_id = $1 ORDER BY sequence`, [
      subjectId,
    ]);
    return rows.map(({ type }) => type);
  }

  /** What the books say wrongly, and what names a row that is not there. */
  async differences(): Promise<string[]> {
    return [...(await this.get(BulkAudit).differences()), ...(await orphansOf(this.transactions))];
  }

  /** Moves the database's clock, the only one that leases and due times know. */
  async letTimePass(seconds: number): Promise<void> {
    this.passed_s += seconds;
    await injectTime(this.admin, { ahead_s: this.passed_s });
  }
  private passed_s = 0;

  async close(): Promise<void> {
    await this.context.close();
    await this.admin.end();
    await dropDatabase(this.url);
  }
}

/** A finding under the fence of this claim. */
export const findingOf = ({ payoutId, claimNo }: Claimed, decide: Finding['decide']): Finding => ({
  payoutId,
  claimNo,
  source: 'send',
  decide,
  httpStatus: null,
});

/** The provider took it, and paid it by a payment of its own. */
export const paid = (): Decision => ({
  transitions: ['succeed'],
  providerReference: `pay_${newUuid()}`,
  failure: null,
  nextCheck_ms: null,
  attempt: { outcome: 'accepted', mayHaveBeenTaken: true, everUnknown: false, refused: null, live: false, detail: null },
});
