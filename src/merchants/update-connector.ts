import { Injectable } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRepository } from '../connectors/index.js';
import { differences } from '../platform/audit/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { ConnectorRules } from './connector-rules.js';
import { MAX_CONCURRENCY_DEFAULT, TOLD_OF_CONNECTOR, toldOfConfig } from './create-connector.js';

/** What is undefined stays as it is; null removes, or goes back to the default. */
export interface UpdateConnectorCommand {
  readonly connectorId: string;
  readonly name?: string | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly currencies?: readonly string[] | null | undefined;
  readonly method_types?: readonly string[] | null | undefined;
  readonly max_concurrency?: number | null | undefined;
  readonly rate_per_second?: number | null | undefined;
  readonly limits?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Changes a connector's settings; every worker opens it anew with them before its next call. Calls that are out end as they began. */
@Injectable()
export class UpdateConnector {
  constructor(
    private readonly connectors: ConnectorRepository,
    private readonly rules: ConnectorRules,
  ) {}

  async execute(tx: Tx, command: UpdateConnectorCommand): Promise<ConnectorEntity> {
    const before = await this.connectors.lock(tx, command.connectorId);
    if (before === null) throw notFound();
    const { name, config, currencies, method_types, max_concurrency, rate_per_second, limits } = command;
    const settings = {
      name: name ?? before.name,
      // Of one that no key opens nothing is kept: then the rules ask for all that is missing.
      config: merged(this.connectors.configIfReadable(before) ?? {}, config ?? {}),
      currencies: currencies === undefined ? before.currencies : currencies,
      method_types: method_types === undefined ? before.method_types : method_types,
      max_concurrency: max_concurrency === undefined ? before.max_concurrency : (max_concurrency ?? MAX_CONCURRENCY_DEFAULT),
      rate_per_second: rate_per_second === undefined ? before.rate_per_second : rate_per_second,
      limits: limits === undefined ? { ...before.limits } : (limits ?? {}),
    };
    const after = await this.connectors.write(tx, before.id, {
      ...settings,
      limits: this.rules.limitsOf({ ...settings, type: before.type }),
    });
    if (after === null) throw new Error('the row that was locked is gone');
    tx.note({ changes: [...differences(TOLD_OF_CONNECTOR, after, before), ...toldOfConfig(config ?? {})] });
    return after;
  }
}

/** RFC 7396 for the flat object that a config is, so that a change of one member needs no secret to be sent again. */
function merged(config: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const members = new Map([...Object.entries(config), ...Object.entries(patch)]);
  return Object.fromEntries([...members].filter(([, value]) => value !== null));
}
