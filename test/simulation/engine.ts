import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Pool, QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { AdvancePayouts, CancelPayouts, CreateBulk, EditBulk, PayoutContentRepository } from '../../src/bulks/index.js';
import { PauseBulk } from '../../src/bulks/pause-bulk.js';
import {
  ConnectorRegistry,
  ConnectorRepository,
  ConnectorTrafficRepository,
  type ConnectorType,
} from '../../src/connectors/index.js';
import { CONNECTOR_TYPES, SANDBOX_MODE } from '../../src/connectors/registry.js';
import { ClaimAllowed } from '../../src/payouts/claim-allowed.js';
import { RenewLeases } from '../../src/payouts/renew-leases.js';
import { ResolveIntent } from '../../src/payouts/resolve-intent.js';
import { RetryPayout } from '../../src/payouts/retry-payout.js';
import { SettleIntents } from '../../src/payouts/settle-intents.js';
import type { Configuration } from '../../src/platform/config/index.js';
import { dataSourceOptions, MERCHANTS_DATA_SOURCE, Transactions } from '../../src/platform/database/index.js';
import { MONOTONIC_CLOCK, type MonotonicClock } from '../../src/platform/time/index.js';
import { PACE, type Pace } from '../../src/platform/workers/index.js';
import { ReconcileConnectors } from '../../src/reconciliation/index.js';
import { Quarantine } from '../../src/reconciliation/quarantine.js';
import { QuarantineRepository } from '../../src/reconciliation/quarantine.repository.js';
import { ReceiveNotification } from '../../src/reconciliation/receive-notification.js';
import { ValidatePayouts } from '../../src/validation/validate-payouts.js';
import { Deliver } from '../../src/webhooks/deliveries/deliver.js';
import { SettleAndClaim } from '../../src/webhooks/deliveries/settle-and-claim.js';
import { SettleDeliveries } from '../../src/webhooks/deliveries/settle-deliveries.js';
import { Egress } from '../../src/webhooks/egress/egress.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import { CONFIGURATION_OF_TESTS } from '../support/test-configuration.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { SimulatedConnector } from './simulated-connector.js';
import type { ProviderScene } from './simulated-provider.js';
import { SimulatedEgress } from './simulated-receiver.js';
import { SimulatedTransactions, SIMULATION_FUNCTIONS } from './simulated-transactions.js';
import { currentActor, stageJitter } from './stage.js';

/** The real engine's objects, put together by its own modules, with six ports replaced. They keep nothing between calls. */
export interface Engine {
  /** By the superuser. */
  readonly dataSource: DataSource;
  readonly transactions: Transactions;
  readonly advance: AdvancePayouts;
  readonly contents: PayoutContentRepository;
  readonly create: CreateBulk;
  readonly edit: EditBulk;
  readonly cancel: CancelPayouts;
  readonly pause: PauseBulk;
  readonly validate: ValidatePayouts;
  readonly claims: ClaimAllowed;
  readonly settle: SettleIntents;
  readonly retry: RetryPayout;
  readonly resolve: ResolveIntent;
  readonly receive: ReceiveNotification;
  readonly reconcile: ReconcileConnectors;
  readonly quarantine: Quarantine;
  readonly quarantineRepository: QuarantineRepository;
  readonly leases: RenewLeases;
  readonly registry: ConnectorRegistry;
  readonly connectors: ConnectorRepository;
  readonly traffic: ConnectorTrafficRepository;
  readonly connector: SimulatedConnector;
  readonly deliver: Deliver;
  readonly settleAndClaim: SettleAndClaim;
  readonly settleDeliveries: SettleDeliveries;
  readonly endpoints: EndpointRepository;
  readonly clock: MonotonicClock;
  /** Reads beside every transaction what is committed. */
  read<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs one world at a time on this engine and its database. */
  enter(world: ProviderScene): void;
  /** How many worlds have entered. */
  runs(): number;
  /** Forgets everything that was ever run on it. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export const CONNECTOR_TYPE = 'simulated';
export const LEASE_S = 60;

/** The engine on a database of its own, whose clock is the stage's. */
export async function openEngine(): Promise<Engine> {
  stageJitter();
  const databaseUrl = await createDatabase(TEMPLATE_DATABASE);
  const dataSource = await prepared(databaseUrl);
  let current: ProviderScene | null = null;
  let entered = 0;
  const world = (): ProviderScene => {
    if (current === null) throw new Error('no world is running');
    return current;
  };
  const connector = new SimulatedConnector(world);
  const clock: MonotonicClock = { now_ms: () => world().monotonic_ms(currentActor()?.host ?? null) };
  // Of the verdicts alone, whose actor waits itself; the results of calls have that of their server.
  const pace: Pace = { soon: (act) => act(), wait: (ms) => currentActor()?.wait(ms) ?? Promise.resolve() };
  const type: ConnectorType = {
    type: CONNECTOR_TYPE,
    secrets: [],
    parseConfig: (config) => ({ config }),
    open: () => connector,
  };
  const modules = await Test.createTestingModule({
    imports: [AppModule.for(configurationOf(databaseUrl))],
  })
    .overrideProvider(Transactions)
    .useFactory({
      inject: [DataSource, MERCHANTS_DATA_SOURCE],
      factory: (engine: DataSource, merchants: DataSource) => new SimulatedTransactions(engine, merchants, world),
    })
    .overrideProvider(CONNECTOR_TYPES)
    .useValue([type])
    .overrideProvider(SANDBOX_MODE)
    .useValue(false)
    .overrideProvider(MONOTONIC_CLOCK)
    .useValue(clock)
    .overrideProvider(PACE)
    .useValue(pace)
    .overrideProvider(Egress)
    .useValue(new SimulatedEgress(world))
    .setLogger(new EngineLog(world))
    .compile();
  const get = <One>(type: abstract new (...given: never[]) => One): One => modules.get<One>(type, { strict: false });
  return {
    dataSource,
    transactions: get(Transactions),
    advance: get(AdvancePayouts),
    contents: get(PayoutContentRepository),
    create: get(CreateBulk),
    edit: get(EditBulk),
    cancel: get(CancelPayouts),
    pause: get(PauseBulk),
    validate: get(ValidatePayouts),
    claims: get(ClaimAllowed),
    settle: get(SettleIntents),
    retry: get(RetryPayout),
    resolve: get(ResolveIntent),
    receive: get(ReceiveNotification),
    reconcile: get(ReconcileConnectors),
    quarantine: get(Quarantine),
    quarantineRepository: get(QuarantineRepository),
    leases: get(RenewLeases),
    registry: get(ConnectorRegistry),
    connectors: get(ConnectorRepository),
    traffic: get(ConnectorTrafficRepository),
    connector,
    deliver: get(Deliver),
    settleAndClaim: get(SettleAndClaim),
    settleDeliveries: get(SettleDeliveries),
    endpoints: get(EndpointRepository),
    clock,
    read: (text, values = []) => read(dataSource, text, values),
    enter: (entering) => {
      current = entering;
      entered += 1;
    },
    runs: () => entered,
    empty: () => empty(dataSource),
    close: async () => {
      const doors = [get(DataSource), modules.get<DataSource>(MERCHANTS_DATA_SOURCE, { strict: false })];
      for (const one of [dataSource, ...doors]) await one.destroy();
      await dropDatabase(databaseUrl);
    },
  };
}

/** Silent, but for what a worker gives up: it logs that and goes on, and here it fails the run. */
class EngineLog extends ConsoleLogger {
  constructor(private readonly world: () => ProviderScene) {
    super({ logLevels: [] });
  }

  override error(told: unknown): void {
    if (typeof told !== 'object' || told === null || !('message' in told) || !('error' in told)) return;
    const dies = currentActor()?.host.alive === false;
    if (!dies && String(told.message).startsWith('a result could not be settled')) this.world().stage.faults.push(told.error);
  }
}

/** Plans and row orders must not depend on how often a statement ran or what a vacuum saw: the same seed, the same run. */
async function prepared(databaseUrl: string): Promise<DataSource> {
  const dataSource = await new DataSource(dataSourceOptions({ url: databaseUrl, poolSize: 24 })).initialize();
  for (const text of SIMULATION_FUNCTIONS) await dataSource.query(text);
  const name = new URL(databaseUrl).pathname.slice(1);
  await dataSource.query(`ALTER DATABASE ${name} SET deadlock_timeout = '3ms'`);
  await dataSource.query(`ALTER DATABASE ${name} SET plan_cache_mode = 'force_generic_plan'`);
  for (const name of await tablesOf(dataSource)) await dataSource.query(`ALTER TABLE ${name} SET (autovacuum_enabled = false)`);
  // Connections that were opened before have the settings of before.
  await dataSource.destroy();
  return dataSource.initialize();
}

const names = new Map<string, string>();

/** By a connection of the pool; prepared, because the simulation looks often. */
async function read<Row extends QueryResultRow>(
  dataSource: DataSource,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const name = names.get(text) ?? `simulation_${names.size}`;
  names.set(text, name);
  const { master } = dataSource.driver as unknown as { readonly master: Pool };
  return (await master.query<Row>({ name, text, values: [...values] })).rows;
}

async function empty(dataSource: DataSource): Promise<void> {
  const kept = ['schema_migration', 'engine', 'feed_offset', 'audit_entry', 'audit_chain'];
  const tables = (await tablesOf(dataSource)).filter((name) => !kept.includes(name));
  await dataSource.query(`TRUNCATE ${tables.join(', ')}`);
  await dataSource.query('UPDATE engine SET quarantined_at = NULL, quarantine_detail = NULL');
}

async function tablesOf(dataSource: DataSource): Promise<string[]> {
  const tables = await dataSource.query<{ name: string }[]>(`SELECT format('%I', relname) AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`);
  return tables.map(({ name }) => name);
}

const configurationOf = (databaseUrl: string): Configuration => ({
  ...CONFIGURATION_OF_TESTS,
  databaseUrl,
  databasePoolSize: 24,
  roles: new Set(['worker']),
  sandbox: false,
  webhookAllowCidrs: [],
  webhookRetrySchedule_s: Array.from({ length: 60 }, () => 5),
  lease_s: LEASE_S,
});
