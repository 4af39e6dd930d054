import { Injectable } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRepository, type LedgerEntry, SandboxLedgerQueries } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { type KeysetPage, notFound, type PageQuery } from '../platform/http/index.js';
import { fromTypeId } from '../platform/ids/index.js';
import { cursorPage, unknownCursor } from './cursor-page.js';
import { merchantProblem } from './merchants.problems.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

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
  async list(tx: Tx, query: PageQuery): Promise<KeysetPage<ConnectorEntity>> {
    const found = await this.connectors.list(
      tx,
      cursorPage(query, (id) => fromTypeId('connector', id)),
    );
    if (found === null) throw unknownCursor(query);
    return { rows: found.connectors, hasMore: found.hasMore };
  }

  /** @throws `not_found`, `no_ledger`, `invalid_cursor` */
  async ledger(tx: Tx, id: string, query: PageQuery): Promise<KeysetPage<LedgerEntry>> {
    const { type } = await this.get(tx, id);
    if (type !== 'sandbox')
      throw merchantProblem('no_ledger', 'Only a connector of type sandbox keeps a ledger here; ask the provider.');
    const found = await this.ledgers.list(
      tx,
      id,
      cursorPage(query, (entry) => (UUID.test(entry) ? entry : null)),
    );
    if (found === null) throw unknownCursor(query);
    return { rows: found.entries, hasMore: found.hasMore };
  }
}
