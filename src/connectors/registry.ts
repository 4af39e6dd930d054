import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Transactions, type Tx } from '../platform/database/index.js';
import type { ConnectorEntity, PausedBy } from './connector.entity.js';
import type { Capabilities, Connector, ConnectorType } from './connector.js';
import { ConnectorRepository } from './connector.repository.js';

/** Injection token: every kind of connector that an operator can configure. */
export const CONNECTOR_TYPES = Symbol('CONNECTOR_TYPES');
/** Injection token: whether merchants without a connector are paid by the built-in sandbox. */
export const SANDBOX_MODE = Symbol('SANDBOX_MODE');

/** The same in every installation, so that two processes that start at once make one. */
export const BUILT_IN_SANDBOX_ID = '00000000-0000-7000-8000-000000000001';
/** Its calls are grouped into one statement: more in flight makes the groups larger, not the load. */
const SANDBOX_MAX_CONCURRENCY = 256;

/** A configured connector, ready to be called. What the row says of it is as new as the call that gave it. */
export interface OpenConnector {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly connector: Connector;
  /** What its type can do, narrowed to what the operator allows. */
  readonly capabilities: Capabilities;
  readonly maxConcurrency: number;
  /** Null: no limit. */
  readonly ratePerSecond: number | null;
  readonly paused: { readonly at: Date; readonly by: PausedBy; readonly reason: string } | null;
}

/** The row is gone, or what it holds can no longer be opened; the message says which, and no secret. */
export class ConnectorUnavailableError extends Error {}

interface Opened {
  readonly connector: Connector;
  readonly config: Buffer;
  readonly maxConcurrency: number;
}

/** Opens connectors from their rows, keeps them open, and opens them again when their settings have changed. */
@Injectable()
export class ConnectorRegistry implements OnApplicationShutdown {
  private readonly byType: ReadonlyMap<string, ConnectorType>;
  private readonly opened = new Map<string, Opened>();
  private readonly closing = new Set<Promise<void>>();

  constructor(
    @Inject(CONNECTOR_TYPES) types: readonly ConnectorType[],
    @Inject(SANDBOX_MODE) private readonly sandboxMode: boolean,
    @Inject(ConnectorRepository) private readonly repository: ConnectorRepository,
    @Inject(Transactions) private readonly transactions: Transactions,
  ) {
    this.byType = new Map(types.map((type) => [type.type, type]));
  }

  types(): ConnectorType[] {
    return [...this.byType.values()];
  }

  type(name: string): ConnectorType | null {
    return this.byType.get(name) ?? null;
  }

  /**
   * Reads the row in a transaction of its own: not to be called inside one, nor once per payout.
   * @throws ConnectorUnavailableError
   */
  async get(connectorId: string): Promise<OpenConnector> {
    const row = await this.transactions.asEngine((tx) => this.repository.find(tx, connectorId));
    if (row === null) throw new ConnectorUnavailableError(`there is no connector ${connectorId}`);
    return this.fromRow(row);
  }

  /** Opens a connector whose row the caller has read. @throws ConnectorUnavailableError */
  fromRow(row: ConnectorEntity): OpenConnector {
    const { connector } = this.openedFor(row);
    const { capabilities } = connector;
    return {
      id: row.id,
      name: row.name,
      type: row.type,
      connector,
      capabilities: {
        ...capabilities,
        methodTypes: narrowed(capabilities.methodTypes, row.method_types),
        currencies: narrowed(capabilities.currencies, row.currencies),
      },
      maxConcurrency: row.max_concurrency,
      ratePerSecond: row.rate_per_second,
      paused:
        row.paused_at === null || row.paused_by === null
          ? null
          : { at: row.paused_at, by: row.paused_by, reason: row.pause_reason ?? '' },
    };
  }

  /** The id of the merchant's own connector, else of the built-in sandbox in sandbox mode, else none. */
  routeFor({ connector_id }: { readonly connector_id: string | null }): string | null {
    return connector_id ?? (this.sandboxMode ? BUILT_IN_SANDBOX_ID : null);
  }

  /** Makes the built-in sandbox where there is none yet. */
  async ensureSandbox(tx: Tx): Promise<void> {
    // Asked first, because an INSERT that meets a conflict writes all the same.
    if ((await this.repository.find(tx, BUILT_IN_SANDBOX_ID)) !== null) return;
    await this.repository.insert(tx, {
      id: BUILT_IN_SANDBOX_ID,
      name: 'Sandbox',
      type: 'sandbox',
      config: {},
      currencies: null,
      method_types: null,
      max_concurrency: SANDBOX_MAX_CONCURRENCY,
      rate_per_second: null,
      limits: {},
    });
  }

  /** The config as an operator may see it: without the members that the type calls secret; nothing of one that no key opens. */
  shownConfig(row: ConnectorEntity): Readonly<Record<string, unknown>> {
    const secrets = this.byType.get(row.type)?.secrets;
    // Of a type that this process does not know, every member may be a secret.
    if (secrets === undefined) return {};
    return Object.fromEntries(
      Object.entries(this.repository.configIfReadable(row) ?? {}).filter(([member]) => !secrets.includes(member)),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    for (const { connector } of this.opened.values()) this.closeBehind(connector);
    this.opened.clear();
    await Promise.all(this.closing);
  }

  /** Sealing draws a fresh nonce, so equal bytes are the same config, and a pause does not cost the open sockets. */
  private openedFor(row: ConnectorEntity): Opened {
    const kept = this.opened.get(row.id);
    if (kept !== undefined && kept.config.equals(row.config) && kept.maxConcurrency === row.max_concurrency) return kept;
    const opened: Opened = { connector: this.open(row), config: row.config, maxConcurrency: row.max_concurrency };
    this.opened.set(row.id, opened);
    if (kept !== undefined) this.closeBehind(kept.connector);
    return opened;
  }

  private open(row: ConnectorEntity): Connector {
    const type = this.byType.get(row.type);
    if (type === undefined)
      throw new ConnectorUnavailableError(`connector ${row.id} is of type "${row.type}", which is not known here`);
    const parsed = type.parseConfig(this.openConfig(row));
    if ('faults' in parsed) {
      const faults = parsed.faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
      throw new ConnectorUnavailableError(`the config of connector ${row.id} is no longer valid: ${faults}`);
    }
    return type.open({ connectorId: row.id, config: parsed.config, maxConcurrency: row.max_concurrency });
  }

  private openConfig(row: ConnectorEntity): unknown {
    try {
      return this.repository.openConfig(row);
    } catch (cause) {
      throw new ConnectorUnavailableError(`the config of connector ${row.id} can not be opened with ENCRYPTION_KEYS`, { cause });
    }
  }

  /** Calls that are out end by themselves; nobody waits for them but the shutdown. */
  private closeBehind(connector: Connector): void {
    const closed = connector.close().finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }
}

function narrowed(can: readonly string[] | null, may: readonly string[] | null): readonly string[] | null {
  if (can === null || may === null) return can ?? may;
  return can.filter((one) => may.includes(one));
}
