import { Injectable } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRepository, type LedgerEntry, SandboxLedgerQueries } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { type KeysetPage, notFound, type PageQuery } from '../platform/http/index.js';
import { merchantProblem } from './merchants.problems.js';

/** Connectors for the operator's screens, in the terms of HTTP: what is not there is refused here. */
@Injectable()
export class ConnectorQueries {
  constructor(
    private readonly connectors: ConnectorRepository,
    private readonly ledgers: SandboxLedgerQueries,
  ) {}

  /** @throws `not_found` */
  async get(tx: Tx, id: string): Promise<ConnectorEntity> {
    const connector = await this.connectors.find(tx, id);
    if (connector === null) throw notFound();
    return connector;
  }

  /** @throws `invalid_cursor` */
  list(tx: Tx, page: PageQuery): Promise<KeysetPage<ConnectorEntity>> {
    return this.connectors.list(tx, page);
  }

  /** @throws `not_found`, `no_ledger`, `invalid_cursor` */
  async ledger(tx: Tx, id: string, page: PageQuery): Promise<KeysetPage<LedgerEntry>> {
    const { type } = await this.get(tx, id);
    if (type !== 'sandbox')
      throw merchantProblem('no_ledger', 'Only a connector of type sandbox keeps a ledger here; ask the provider.');
    return this.ledgers.list(tx, id, page);
  }
}
