import { Injectable } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRepository } from '../connectors/index.js';
import { differences } from '../platform/audit/index.js';
import type { Change, Tx } from '../platform/database/index.js';
import { newUuid } from '../platform/ids/index.js';
import { ConnectorRules } from './connector-rules.js';

export interface CreateConnectorCommand {
  readonly name: string;
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly currencies: readonly string[] | null;
  readonly method_types: readonly string[] | null;
  /** Null: the default. */
  readonly max_concurrency: number | null;
  readonly rate_per_second: number | null;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** Enough for a provider that answers in 100 ms to be paid 300 times a second, little enough not to frighten a new one. */
export const MAX_CONCURRENCY_DEFAULT = 32;

/** What an audit entry shows of a connector. */
export const TOLD_OF_CONNECTOR = [
  'name',
  'type',
  'currencies',
  'method_types',
  'max_concurrency',
  'rate_per_second',
  'limits',
] as const;

/** The members of a config that were written, without their values, which may be credentials. */
export const toldOfConfig = (config: Readonly<Record<string, unknown>>): Change[] =>
  Object.keys(config).map((member) => ({ field: `config/${member}`, before: null, after: null }));

/** Configures a connector. Nothing is sent to the provider: whether the credentials are right shows at the first payout. */
@Injectable()
export class CreateConnector {
  constructor(
    private readonly connectors: ConnectorRepository,
    private readonly rules: ConnectorRules,
  ) {}

  async execute(tx: Tx, command: CreateConnectorCommand): Promise<ConnectorEntity> {
    const limits = this.rules.limitsOf(command);
    const { name, type, config, currencies, method_types, rate_per_second } = command;
    const max_concurrency = command.max_concurrency ?? MAX_CONCURRENCY_DEFAULT;
    const id = newUuid();
    const connector = await this.connectors.insert(tx, {
      id,
      name,
      type,
      config,
      currencies,
      method_types,
      max_concurrency,
      rate_per_second,
      limits,
    });
    if (connector === null) throw new Error('a fresh id was taken');
    tx.note({ changes: [...differences(TOLD_OF_CONNECTOR, connector), ...toldOfConfig(config)] });
    return connector;
  }
}
